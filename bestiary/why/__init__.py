"""Why a phenomenon is or is not there: its measured boundaries, and on which side of each a setting lies."""
