-- Tickets created on each of the last 90 days, and how many of them are solved.
SELECT DATE(created_at) AS day, COUNT(*) AS tickets, COUNTIF(status IN ('solved', 'closed')) AS solved
FROM zendesk.ticket_latest
WHERE NOT is_deleted AND created_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY)
GROUP BY day
ORDER BY day
