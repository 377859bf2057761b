-- What an operation was asked for, by its digest.
SELECT digest FROM operations WHERE id = $1
