-- Unsolved tickets of each agent, and the oldest of them.
SELECT agent.id AS agent_id, agent.name, COUNT(*) AS tickets, MIN(ticket.created_at) AS oldest
FROM zendesk.ticket_latest AS ticket
JOIN zendesk.user_latest AS agent ON agent.id = ticket.assignee_id
WHERE ticket.status IN ('new', 'open', 'pending', 'hold')
GROUP BY agent_id, agent.name
ORDER BY tickets DESC
