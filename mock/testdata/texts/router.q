What colour is the socket for the modem?	WAN socket (yellow)
How many characters does the password need?	ten characters
What should I do when the light remains red?	thirty seconds
What does a constantly amber light mean?	update in progress
When does the visitors' network switch off?	twelve hours
How many profiles for children are possible?	eight profiles
During which hours does the night mode run by default?	23:00 to 6:00
How many units can be joined together?	six Helix devices
How far apart may two devices be?	fifteen metres
How much slower does each extra unit make the network?	ten per cent
How long can I put off an update?	seven days
How do I restore the factory settings?	paper clip
Why shouldn't I clean it with alcohol?	dulls the housing
Which address can I type if the web page won't load?	192.168.77.1
What if I can't remember my password?	Reset the router
How much does the router weigh?	640 g
How many devices can be connected simultaneously?	up to 128
How much electricity does it use at most?	24 W
What isn't covered by the guarantee?	lightning
How long are replacement parts available?	six years
Does the router support telephone calls over IP?	-
Which antivirus program is included?	-
How long does the battery last?	-
