-- Tickets of the members of the internal directory, by month.
SELECT
  DATE_TRUNC(DATE(ticket.created_at), MONTH) AS month,
  COUNT(DISTINCT directory.internal_id) AS members,
  COUNT(*) AS tickets
FROM zendesk.ticket_latest AS ticket
JOIN zendesk.zendesk_user_directory AS directory ON directory.zendesk_user_id = ticket.requester_id
WHERE directory.kind = 'member'
GROUP BY month
ORDER BY month
