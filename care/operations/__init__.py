"""Operations as people see them: the live card with its five stations, the list of all, asking and cancelling."""
