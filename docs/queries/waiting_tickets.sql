-- Tickets that wait for a match of their users, by the field that lacks it.
SELECT missing.field, missing.reason, COUNT(*) AS tickets, MIN(error.first_seen_at) AS oldest
FROM zendesk.TICKET_USER_JOIN_ERROR_latest AS error
CROSS JOIN UNNEST(error.unjoined) AS missing
WHERE error.is_waiting
GROUP BY missing.field, missing.reason
ORDER BY tickets DESC
