-- Payouts whose hold is not open exactly while their state says so, or whose live attempt is not.
SELECT p.id, p.state, h.closed_at IS NULL AS is_open, h.captured_minor, h.released_minor, p.minor
  FROM payouts AS p
  LEFT JOIN holds AS h ON h.id = p.id AND h.purpose = 'payout'
 WHERE h.id IS NULL
    OR h.minor <> p.minor
    OR h.wallet_id <> p.wallet_id
    OR (h.closed_at IS NULL) <> (p.state IN ('held', 'submitting', 'unknown', 'accepted', 'needs_operator'))
    OR (h.captured_minor = p.minor) <> (p.state IN ('paid', 'reversed'))
    OR (h.released_minor = p.minor) <> (p.state IN ('failed', 'canceled'))
    OR EXISTS (SELECT FROM payout_attempts AS a
                WHERE a.payout_id = p.id AND a.is_live AND p.ended_at IS NOT NULL)
UNION ALL
SELECT h.id, 'none', h.closed_at IS NULL, h.captured_minor, h.released_minor, h.minor
  FROM holds AS h
 WHERE h.purpose = 'payout' AND NOT EXISTS (SELECT FROM payouts AS p WHERE p.id = h.id)
 LIMIT 20
