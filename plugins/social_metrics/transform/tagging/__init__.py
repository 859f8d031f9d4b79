"""Programme, cluster, outreach and campaign tags of captions, by rules that people edit.

Tags are stored in `ops` before the captions expire; later stages read the stored tags.
"""
