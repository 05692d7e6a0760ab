Who is Ms Grey's boss?	reports to the Head of Metrology
How long is the trial period?	six months are a probationary period
With how much notice can she be let go while on probation?	one week's notice
How many days per week may she do home office?	two days a week
Between which hours must she be there?	10 a.m. to 3 p.m.
Is she paid for extra hours?	Overtime is not paid
When does the money arrive each month?	last working day
How many vacation days does she get?	27 days
By what date must leftover leave be used?	31 March
When does she have to bring a note from a doctor?	eighth day
For how long does she get her whole wage when she is ill?	full pay for ten weeks
How much does the firm pay into her pension?	eight per cent
What does she get for a patent?	2,500
May she teach at the same time?	Teaching at a university
How long is she barred from joining a rival?	nine months
What must she hand back when she goes?	keys, laptop
Who has the last word on complaints?	Managing Director
Does she get a company car?	-
How many weeks of parental leave are granted?	-
What uniform must be worn in the laboratory?	-
