#!lua flags=allow-oom
-- Put right what a crash left behind; any number of processes may call this at any time.
-- ARGV: 3 max attempts, 4 worker name or '', 5 its models, 6 'here' | 'leaving', 7 memory share or ''.
-- Returns the doorbells to ring.
local WORKER_MS, STALE_MS = 5000, 1000

if ARGV[4] ~= '' then
  if ARGV[6] == 'here' then
    redis.call('ZADD', key('workers'), now + WORKER_MS, ARGV[4])
    redis.call('HSET', key('workers:models'), ARGV[4], ARGV[5])
  else
    redis.call('ZREM', key('workers'), ARGV[4])
  end
end
redis.call('ZREMRANGEBYSCORE', key('workers'), '-inf', now)
for _, name in ipairs(redis.call('HKEYS', key('workers:models'))) do
  if not redis.call('ZSCORE', key('workers'), name) then redis.call('HDEL', key('workers:models'), name) end
end
redis.call('HSET', key('gauge'), 'fleet', redis.call('ZCARD', key('workers')))
if ARGV[7] ~= '' then redis.call('HSET', key('gauge'), 'memory', ARGV[7]) end

-- Leases a second over the last stretch of at least two seconds: from it the door guesses when a
-- full queue has room again.
local rate = redis.call('HMGET', key('gauge'), 'rate_from', 'rate_leases', 'leases')
local stretch = now - tonumber(rate[1] or 0)
if stretch > 2000 then
  local leases = tonumber(rate[3] or 0)
  redis.call('HSET', key('gauge'), 'rate_from', now, 'rate_leases', leases,
    'rate', (leases - tonumber(rate[2] or 0)) * 1000 / stretch)
end

local again = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('running'), '-inf', now, 'LIMIT', 0, 100)) do
  local job = load_job(id)
  if not job then
    redis.call('ZREM', key('running'), id)
  elseif lapse(job, tonumber(ARGV[3])) then
    again = again + 1
  end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('expiring'), '-inf', now, 'LIMIT', 0, 100)) do
  local job = load_job(id)
  if job and job.state == 'queued' then end_job(job, 'expired', {}) else redis.call('ZREM', key('expiring'), id) end
end

-- Somebody is said to be idle, and yet a job waits: those drainers died. Forget them.
local function oldest_wait(queue)
  local id = redis.call('ZRANGE', key('waiting:' .. queue), 0, 0)[1]
  return id and now - tonumber(redis.call('HGET', key('job:' .. id), 'submitted')) or 0
end
if math.max(oldest_wait('interactive'), oldest_wait('bulk')) > STALE_MS then
  for _, drainer in ipairs(redis.call('ZRANGE', key('idle'), 0, -1)) do redis.call('ZREM', key('drainers'), drainer) end
  redis.call('DEL', key('idle'), key('knock'))
end
for _, name in ipairs({ 'drainers', 'idle', 'rung' }) do redis.call('ZREMRANGEBYSCORE', key(name), '-inf', now) end
return call_drainers(again)
