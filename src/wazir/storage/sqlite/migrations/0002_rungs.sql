-- What each attempt of a trial measured at the end of its budget, as a JSON list.

alter table trials add column rungs text not null default '[]';
