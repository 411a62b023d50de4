-- Messages published on each of the last 30 days.
SELECT DATE(published_at) AS day, COUNT(*) AS messages, COUNT(DISTINCT ticket_id) AS tickets
FROM pubsub_messages.zendesk_ticket
WHERE published_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY) AND replay_of IS NULL
GROUP BY day
ORDER BY day
