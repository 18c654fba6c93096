"""The fleet in numbers, alarms, monitors and reports; what is drawn of series is in charts.py, the device's tab in care/devices/trends.py."""
