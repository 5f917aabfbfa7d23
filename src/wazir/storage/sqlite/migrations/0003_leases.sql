-- Leases that have run out are found without a look at other trials.

create index leases on trials (lease_expires_at) where lease_expires_at is not null;
