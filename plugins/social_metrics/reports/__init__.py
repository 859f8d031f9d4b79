"""What people read: pages drawn from the marts."""
