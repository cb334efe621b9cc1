"""The day: households and EVs become orders, orders become trades, meters report, the house settles."""
