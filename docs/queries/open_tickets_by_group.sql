-- Open tickets by group and priority.
SELECT team.name AS group_name, ticket.priority, COUNT(*) AS tickets
FROM zendesk.ticket_latest AS ticket
LEFT JOIN zendesk.group_latest AS team ON team.id = ticket.group_id
WHERE ticket.status IN ('new', 'open', 'pending', 'hold')
GROUP BY group_name, priority
ORDER BY tickets DESC
