"""Where units of work are done, whatever they are: processes of this machine, a Ray cluster, jobs of Slurm."""
