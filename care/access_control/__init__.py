"""Who may connect: refused lately, strangers, block rules, certificates, identity alarms."""
