"""What was said: programme, cluster, outreach and campaign tags, found in captions by rules that people edit.

Tags are kept in `ops` before the captions expire; everything downstream starts from the kept tags.
"""
