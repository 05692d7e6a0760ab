Who bought the biscuit business?	Pemberton Holdings
How much dividend in total do shareholders get for 2023?	9.8 pence
When will the final dividend be paid?	10 May 2024
Why was the Brigham mill late?	roller stands were delivered late
What did turnover amount to in 2022?	371.4
How much did the group owe at the end of 2023, net?	58.1
How many people did the company employ on average in 2023?	1,904
Who runs the pet food division?	Jens Olofsson
How large was the profit of the cereals division?	7.9
How many sites does the flour division have?	Flour | 5
What did the new canning line cost?	8.7 million
How many people died in accidents during the year?	contractor lost his life
Why was muesli recalled?	traces of peanuts
How much does the company pay each year to fill the hole in the pension fund?	3.2 million a year
What did the CEO earn besides her bonus?	512,000
Since when has the firm had the same auditors?	since 2014
How dependent is the company on its biggest customers?	46 per cent
How much tax was paid in 2021?	5.9
How many lorries does the company run?	-
What interest rate does the bank loan carry?	-
Which brand of chocolate does the company sell?	-
