"""What single blocks answer to prices, what they pay at least, and how answers are placed within the rows."""
