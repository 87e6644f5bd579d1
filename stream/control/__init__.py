"""Changes to a run while frames flow: what can be asked, who answers, and the stages that obey."""
