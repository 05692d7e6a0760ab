Who was absent because of illness?	Lane (unwell)
How much did the noticeboard really cost?	385
What did Mr Haddon complain about?	lorries bound for the quarry
Why does the council oppose the barn conversion?	no room for cars to turn
How many houses are planned on the field by Church Road?	eighteen houses
Which councillor had a conflict of interest over the houses?	Rowe declared an interest
How much money was in the account at the end of February?	23,904.11
How much was paid for mending the pump?	127.50
By what percentage does the precept go up?	4.2 %
What is wrong with the swing?	rot in the posts
Who cleared the ditch?	volunteers
Why is the culvert blocked?	collapsed pipe
On what day is the coronation picnic?	7 May
What do people from other villages pay for an allotment?	30 instead of
How long has Stubbs been on the council?	twenty-four years
When must the battery of the defibrillator be replaced again?	2027
How many people live in Lower Thornby?	-
Who won the flower show?	-
