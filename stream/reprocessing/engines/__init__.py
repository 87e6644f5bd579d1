"""Where units of work are done: processes of this machine, a Ray cluster, jobs of Slurm."""
