"""AWS services that are ours, named as moto or botocore names them: moto has none such, or keeps without running.

Each is plugged into moto, so that clients find it as they find moto's own.
"""
