"""How a device is reached: the box on its page, the page of all tries, and the preview of STUN and XMPP."""
