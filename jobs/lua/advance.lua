#!lua flags=allow-oom
-- Report the end of one job and lease the next with its bytes, in one round trip.
-- ARGV: 3 drainer, 4 'take' | 'stay' | 'leave' | 'rest', 5 lease ms, 6 linger ms, 7 bulk turn (every n-th),
--       8 job id or '', 9 token, 10 final state, 11 what it counts as (label or code), then names
--       and values of the job's hash.
-- 'take': without work count as idle; 'stay': without work write nothing, who asks is idle already;
-- 'leave': without work sign off; 'rest': take nothing.
-- Returns {1 | 0 | -1 (reported, refused, nothing to report), job id, token, pipeline, request id,
-- bytes, trace, microseconds from the accept to this lease, how many others wait or run}.
local drainer, mode, lease_ms, linger_ms = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

-- How long a job takes from its lease to its report, as a moving mean over some 16 jobs: from it the
-- door tells how long a caller would wait. A picture that hung counts as no more than a slow one.
local MOST_SERVICE_MS, SHARE = 2000, 1 / 16
local function note_service(job)
  local took = math.min(now - job.started, MOST_SERVICE_MS)
  local mean = tonumber(redis.call('HGET', key('gauge'), 'service') or took)
  redis.call('HSET', key('gauge'), 'service', string.format('%.2f', mean + (took - mean) * SHARE))
end

local reported = -1
if ARGV[8] ~= '' then
  local job = load_job(ARGV[8])
  reported = 0
  if job and job.state == 'running' and job.attempts == tonumber(ARGV[9]) then
    end_job(job, ARGV[10], { unpack(ARGV, 12) }, ARGV[11])
    note_service(job)
    reported = 1
  end
end

local function pop(queue)
  local first = redis.call('ZPOPMIN', key('waiting:' .. queue))
  if not first[1] then return nil end
  if queue == 'bulk' and tonumber(first[2]) > 0 then redis.call('HSET', key('gauge'), 'turn', first[2]) end
  return load_job(first[1])
end

-- Interactive before bulk, but every n-th lease the other way round, so that neither starves.
local function next_job()
  local bulk_first = redis.call('HINCRBY', key('gauge'), 'leases', 1) % tonumber(ARGV[7]) == 0
  local first, second = 'interactive', 'bulk'
  if bulk_first then first, second = second, first end
  return pop(first) or pop(second)
end

local function lease(job, bytes)
  leave_queue(job)
  local token = job.attempts + 1
  redis.call('HSET', key('job:' .. job.id), 'state', 'running', 'attempts', token, 'started', now)
  redis.call('ZADD', key('running'), now + lease_ms, job.id)
  redis.call('ZADD', key('drainers'), now + lease_ms, drainer)
  redis.call('ZREM', key('idle'), drainer)
  tally('leases')
  local waited = math.max(0, math.floor((now - job.submitted) * 1000))
  local others = count_waiting() + redis.call('ZCARD', key('running')) - 1
  return { reported, job.id, token, job.pipeline, job.request_id, bytes, job.trace, waited, others }
end

if mode == 'stay' and count_waiting() == 0 then return { reported } end
redis.call('ZREM', key('rung'), drainer)
while mode ~= 'rest' do
  local job = next_job()
  if not job then break end
  local bytes = redis.call('GET', key('blob:' .. job.id))
  if job.expires > 0 and job.expires <= now then
    end_job(job, 'expired', {})
  elseif not bytes then
    end_job(job, 'failed', { 'error_code', 'picture_lost' }, 'picture_lost')
  else
    return lease(job, bytes)
  end
end

if mode == 'take' or mode == 'stay' then
  redis.call('ZADD', key('idle'), now + linger_ms + 1000, drainer)
  redis.call('ZADD', key('drainers'), now + linger_ms + 1000, drainer)
else
  redis.call('ZREM', key('idle'), drainer)
  redis.call('ZREM', key('drainers'), drainer)
  if redis.call('ZCARD', key('idle')) == 0 then redis.call('DEL', key('knock')) end
end
return { reported }
