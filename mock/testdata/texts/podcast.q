What was Kirsten's original trade?	violin maker
Why did she have to stop carving?	wrist was broken
Why doesn't she use fibreglass?	Glass fibre itches
What material protects the front of the boat?	basalt
How many weeks does she need for one rowing boat?	eleven weeks
How long does the resin have to harden?	nine days
How much is the larger boat?	twelve thousand
What sort of people are most of her clients?	anglers
Who does the accounting?	my father does the books
What are her apprentices called?	Noor and Thibault
Why weren't the destroyed boats covered by the insurance?	not been listed
How much money did the villagers raise?	nine thousand euros
How many boats does she make a year?	I make eight
What share of the resin is made of plants?	third plant oil
Where is the new kind of resin being developed?	Delft
What is next week's episode about?	tunes church bells
How fast does the boat go under sail?	-
What is the name of Kirsten's husband?	-
