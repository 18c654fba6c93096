"""Who may connect: block rules, client certificates, and who was refused lately."""
