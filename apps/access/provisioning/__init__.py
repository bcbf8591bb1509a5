"""What carries grants to targets: the contract, the registry, and the provisioners."""
