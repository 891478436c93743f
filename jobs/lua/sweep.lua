#!lua flags=allow-oom
-- Put right what a crash left behind; any number of processes may call this at any time.
-- ARGV: 3 max attempts, 4 worker name or '', 5 its models, 6 'here' | 'leaving', 7 memory share or '',
--       8 how many ms the picture of a job that failed by our fault is kept.
-- Returns the doorbells to ring.
local WORKER_MS, STALE_MS = 5000, 1000

if ARGV[4] ~= '' then
  if ARGV[6] == 'here' then
    redis.call('ZADD', key('workers'), now + WORKER_MS, ARGV[4])
    redis.call('HSET', key('workers:models'), ARGV[4], ARGV[5])
  else
    redis.call('ZREM', key('workers'), ARGV[4])
    redis.call('HSET', key('gauge'), 'left', now)
  end
end
redis.call('ZREMRANGEBYSCORE', key('workers'), '-inf', now)
for _, name in ipairs(redis.call('HKEYS', key('workers:models'))) do
  if not redis.call('ZSCORE', key('workers'), name) then redis.call('HDEL', key('workers:models'), name) end
end
redis.call('HSET', key('gauge'), 'fleet', redis.call('ZCARD', key('workers')))
if ARGV[7] ~= '' then redis.call('HSET', key('gauge'), 'memory', ARGV[7]) end

-- The upper bounds of the histograms in ms; the same stand in jobs/counters.py.
local BOUNDS = { 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 1800000 }

-- Count what ended since the last sweep: `ended:<state>` in stats, the rest in metrics.
local function count_ended()
  local lines = redis.call('GET', key('ended'))
  if not lines then return end
  redis.call('DEL', key('ended'))
  local totals, states = {}, {}
  local function add(counts, name, number) counts[name] = (counts[name] or 0) + number end
  local function observe(name, ms)
    local place = 1
    while BOUNDS[place] and ms > BOUNDS[place] do place = place + 1 end
    add(totals, name .. '|' .. (BOUNDS[place] or 'inf'), 1)
    add(totals, name .. '|sum', math.max(0, math.floor(ms * 1000)))
  end
  for line in string.gmatch(lines, '[^\n]+') do
    local class, pipeline, waited, worked, attempts, state, verdict =
      string.match(line, '^(%a+)|([^|]*)|([%d.-]*)|([%d.-]*)|(%d+)|(%a+)|(.*)$')
    if class then
      if tonumber(waited) then observe('waiting|' .. class, tonumber(waited)) end
      if tonumber(worked) then observe('service|' .. pipeline, tonumber(worked)) end
      add(totals, table.concat({ 'ended', pipeline, state, attempts, verdict }, '|'), 1)
      add(states, 'ended:' .. state, 1)
    end
  end
  for name, number in pairs(totals) do redis.call('HINCRBY', key('metrics'), name, number) end
  for name, number in pairs(states) do redis.call('HINCRBY', key('stats'), name, number) end
end

-- One line a minute of the last two hours, for the plots of people who have nothing else: the
-- minute, the most that waited in it, what runs and works at its end, and three counters as they
-- stand then (jobs that succeeded, that failed, requests that were refused).
local MINUTES = 120
local function note_minute()
  local minute, waiting = math.floor(now / 60000), count_waiting()
  local seen = redis.call('HMGET', key('gauge'), 'minute', 'peak')
  local peak = tonumber(seen[2] or 0)
  if seen[1] and tonumber(seen[1]) ~= minute then
    local counted = redis.call('HMGET', key('stats'), 'ended:succeeded', 'ended:failed', 'refused')
    redis.call('RPUSH', key('minutes'), table.concat({ seen[1], peak, redis.call('ZCARD', key('running')),
      redis.call('ZCARD', key('workers')), counted[1] or 0, counted[2] or 0, counted[3] or 0 }, ' '))
    redis.call('LTRIM', key('minutes'), -MINUTES, -1)
    peak = 0
  end
  redis.call('HSET', key('gauge'), 'minute', minute, 'peak', math.max(peak, waiting))
end

-- Leases a second over the last stretch of at least two seconds: from it the door guesses when a
-- full queue has room again.
local rate = redis.call('HMGET', key('gauge'), 'rate_from', 'rate_leases', 'leases')
local stretch = now - tonumber(rate[1] or 0)
if stretch > 2000 then
  local leases = tonumber(rate[3] or 0)
  redis.call('HSET', key('gauge'), 'rate_from', now, 'rate_leases', leases,
    'rate', (leases - tonumber(rate[2] or 0)) * 1000 / stretch)
  note_minute()
end

local again = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('running'), '-inf', now, 'LIMIT', 0, 100)) do
  local job = load_job(id)
  if not job then
    redis.call('ZREM', key('running'), id)
  elseif lapse(job, tonumber(ARGV[3]), tonumber(ARGV[8])) then
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
count_ended()
return call_drainers(again)
