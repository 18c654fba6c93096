"""Operations: anything asked of a device, as durable rows with a state machine that spans sessions. service.py is the door."""
