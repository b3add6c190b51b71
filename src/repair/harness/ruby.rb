# Runs inside the sandbox: a warm Ruby with minitest that forks a child for every candidate. Requests come on descriptor 3,
# answers with the session's token go to 4. The parent loads nothing of the project, so that a child starts clean each time.
require 'io/wait'
require 'json'

IN = IO.for_fd(3, 'r')
OUT = IO.for_fd(4, 'w')
START = JSON.parse(IN.gets)
TOKEN = START.delete('token')
# As on the host: probe = number of the file x this + line.
LINES_PER_FILE = 1_000_000
MAX_ERROR_CHARS = 4000
# One test of a survey, milliseconds.
SURVEY_TEST_MS = 3000
# After the first failing test, others are run only to see how far the candidate comes.
MAX_FAILING = 4
# Limits count processor time; who only waits gets this much more of the clock.
WAITING_FACTOR = 4
CHILD_BYTES = 768 * 1024 * 1024
TICKS_PER_SECOND = 100.0

def tell(message)
  OUT.write("\n#{JSON.generate({ token: TOKEN }.merge(message))}\n")
  OUT.flush
end

def full(path)
  File.join(START['directory'], path)
end

REAL = Hash.new { |known, path| known[path] = File.exist?(path) ? File.realpath(path) : path }
NUMBERS = START['sources'].keys.each_with_index.to_h { |path, index| [REAL[full(path)], index] }

# --- one child ------------------------------------------------------------------------------------------------------

# Texts in place of the files', for whatever loads them. With coverage there are none: Ruby counts only what it reads itself.
module Instead
  def load_iseq(path)
    text = (@texts || {})[REAL[path]]
    text && RubyVM::InstructionSequence.compile(text, path, path, 1)
  end

  def instead(texts)
    @texts = texts.to_h { |path, text| [REAL[full(path)], text] }
  end
end
RubyVM::InstructionSequence.singleton_class.prepend(Instead)

# Runs the block in a fork with a way to send; returns what was sent and how it ended: done, hang or died.
def in_child(limit_ms, hear = nil)
  from_child, to_parent = IO.pipe
  key = Random.urandom(12).unpack1('H*')
  child = fork do
    from_child.close
    enter_child
    yield(->(message) { to_parent.write("\n#{key}#{JSON.generate(message)}\n") })
    to_parent.write("\n#{key}{\"done\":true}\n")
  rescue Exception # rubocop:disable Lint/RescueException
    nil
  ensure
    exit!(0)
  end
  to_parent.close
  found, ending = listen(from_child, child, key: key, seconds: limit_ms / 1000.0, hear: hear)
  from_child.close
  begin
    Process.kill(:KILL, -child)
  rescue SystemCallError
    nil
  end
  begin
    Process.kill(:KILL, child)
  rescue SystemCallError
    nil
  end
  Process.wait(child)
  [found, ending]
end

def enter_child
  Process.setpgid(0, 0)
  Process.setrlimit(Process::RLIMIT_DATA, CHILD_BYTES, CHILD_BYTES)
  [$stdin, $stdout, $stderr].each { |stream| stream.reopen(File::NULL, stream == $stdin ? 'r' : 'w') }
  IN.close
  OUT.close
end

def listen(from_child, child, key:, seconds:, hear:)
  found = []
  buffer = +''
  marks = [Process.clock_gettime(Process::CLOCK_MONOTONIC), cpu_of(child)]
  loop do
    unless from_child.wait_readable([0.05, seconds / 4].min)
      waited = Process.clock_gettime(Process::CLOCK_MONOTONIC) - marks[0]
      return [found, 'hang'] if cpu_of(child) - marks[1] > seconds || waited > seconds * WAITING_FACTOR

      next
    end
    chunk = from_child.read_nonblock(65_536, exception: false)
    return [found, 'died'] if chunk.nil?
    next if chunk == :wait_readable

    buffer << chunk
    *lines, buffer = buffer.split("\n", -1)
    lines.each do |line|
      next unless line.start_with?(key)

      marks = [Process.clock_gettime(Process::CLOCK_MONOTONIC), cpu_of(child)]
      message = JSON.parse(line[key.length..])
      return [found, 'done'] if message['done']

      found << message
      hear&.call(message)
    end
  end
end

# Processor time of a child, seconds; none where the system does not tell.
def cpu_of(child)
  fields = File.read("/proc/#{child}/stat").rpartition(')').last.split
  (fields[11].to_i + fields[12].to_i) / TICKS_PER_SECOND
rescue SystemCallError
  0.0
end

# --- tests ----------------------------------------------------------------------------------------------------------

# minitest, brought in once and without letting it run anything by itself at the end; what is wrong, when it is not there.
def bring_minitest
  %w[lib test spec].each { |folder| $LOAD_PATH.unshift(File.expand_path(folder)) if Dir.exist?(folder) }
  START['options'].each { |folder| $LOAD_PATH.unshift(File.expand_path(folder)) }
  require 'minitest'
  require 'minitest/spec'
  require 'minitest/mock'
  Minitest.define_singleton_method(:autorun) { nil }
  Minitest.seed = 1
  nil
rescue LoadError => e
  e.message
end

# Suites from the outside in, then the test; blocks of specs under the words that they were given.
def path_of(klass, name)
  [*klass.name.to_s.split('::'), name.sub(/\Atest_\d{4}_/, '')]
end

# Loads test files; what they define, by file and name, and what does not load.
def load_tests(files)
  failures = {}
  files.each do |file|
    load full(file)
  rescue Exception => e # rubocop:disable Lint/RescueException
    failures[file] = described(e)
  end
  wanted = files.to_h { |file| [REAL[full(file)], file] }
  tests = Minitest::Runnable.runnables.flat_map do |klass|
    klass.runnable_methods.sort.map do |name|
      place = klass.instance_method(name).source_location&.first
      [wanted[REAL[place.to_s]], path_of(klass, name), klass, name]
    end
  end
  [tests.reject { |file, _| file.nil? }, failures]
end

def run_test(klass, name)
  result = Minitest.run_one_method(klass, name)
  return ['skipped', nil] if result.skipped?
  return ['passed', nil] if result.passed?

  ['failed', result.failures.map { |one| described(one.error) }.join("\n")]
rescue Exception => e # rubocop:disable Lint/RescueException
  ['failed', described(e)]
end

def described(error)
  lines = (error.backtrace || []).reject { |line| line.include?('/minitest') || line.include?(__FILE__) }
  text = "#{error.class}: #{error.message}\n#{lines.first(20).map { |line| "    #{line}" }.join("\n")}"
  text.dup.force_encoding('UTF-8').scrub('?')[0, MAX_ERROR_CHARS]
end

# --- requests -------------------------------------------------------------------------------------------------------

def survey(message)
  began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  outcomes = []
  loaded = []
  done = 0
  while MISSING.nil?
    sent, ending = in_child([message['timeoutMs'], SURVEY_TEST_MS].min) { |send| survey_child(message, done, send) }
    results = sent.reject { |one| one['tests'] }
    loaded = sent.find { |one| one['tests'] }&.fetch('loaded') || loaded
    order = sent.find { |one| one['tests'] }&.fetch('tests') || []
    outcomes.concat(results)
    done += results.length
    break if ending == 'done' || done >= order.length

    file, path = order[done]
    error = ending == 'hang' ? 'the time limit was passed' : 'the process died'
    outcomes << { file: file, path: path, status: 'failed', error: error, probes: [] }
    done += 1
  end
  took = (Process.clock_gettime(Process::CLOCK_MONOTONIC) - began) * 1000
  tell(op: 'survey', id: message['id'], ok: MISSING.nil?, reason: MISSING, tests: outcomes, loadProbes: loaded,
       ticks: 0, durationMs: took)
end

# All tests from number `first` on, in one process, each with the lines that it ran.
def survey_child(message, first, send)
  cover = message['cover']
  if cover
    require 'coverage'
    Coverage.start(lines: true)
  else
    RubyVM::InstructionSequence.instead(START['sources'])
  end
  tests, failures = load_tests(START['entries'].map { |entry| entry['file'] })
  order = failures.map { |file, error| [file, [], error] } + tests
  send.call(tests: order.map { |file, path, *| [file, path] }, loaded: cover ? probes : [])
  order.drop(first).each do |file, path, klass, name|
    status, error = path.empty? ? ['failed', klass] : run_test(klass, name)
    send.call(file: file, path: path, status: status, error: error, probes: cover ? probes : [])
  end
end

# Lines of the sources that ran since it was last asked.
def probes
  Coverage.result(stop: false, clear: true).flat_map do |path, counted|
    index = NUMBERS[REAL[path]]
    next [] if index.nil?

    counted[:lines].each_with_index.filter_map { |count, at| index * LINES_PER_FILE + at + 1 if count.to_i.positive? }
  end
end

def attempt(message)
  failing = pairs(message['failing'])
  passing = pairs(message['passing']) - failing
  message['candidates'].each do |candidate|
    reply = { op: 'try', id: candidate['id'], verdict: 'fail', fixed: [], failed: nil, lines: [] }
    texts = edited(candidate['edits'])
    tell(compiles?(texts) ? judged(reply, texts, [failing, passing, message]) : reply)
  end
end

# What must pass, in the order of the message: file and name, or the file alone for all of it.
def pairs(wanted)
  wanted.flat_map do |one|
    one['names'].nil? ? [[one['file'], nil]] : one['required'].map { |name| [one['file'], name] }
  end
end

def compiles?(texts)
  texts.each { |path, text| RubyVM::InstructionSequence.compile(text, path) }
  true
rescue SyntaxError, StandardError
  false
end

def judged(reply, texts, work)
  failing, passing, message = work
  sent, ending = in_child(message['timeoutMs']) do |send|
    RubyVM::InstructionSequence.instead(START['sources'].merge(texts))
    judge(reply, [failing, passing], send)
  end
  return sent.first.transform_keys(&:to_sym) if ending == 'done' && sent.length == 1

  { **reply, verdict: ending == 'hang' ? 'hang' : 'died' }
end

def judge(reply, work, send)
  failing, passing = work
  tests, failures = load_tests((failing + passing).map(&:first).uniq)
  chosen = ->(list) { list.flat_map { |file, name| matching(tests, failures, file, name) } }
  targets = chosen.call(failing)
  clean = failures.empty? && !targets.empty?
  (targets + chosen.call(passing)).each_with_index do |(file, path, klass, name), index|
    break if !clean && (index >= targets.length || index >= MAX_FAILING)

    status, error = klass.nil? ? ['failed', failures[file] || 'there is no such test'] : run_test(klass, name)
    told = "#{file} › #{path.join(' › ')}"
    if status == 'passed'
      reply[:fixed] << told if index < targets.length
      next
    end
    next if status == 'skipped' && index >= targets.length

    reply.update(failed: told, lines: lines_in(error.to_s, file)) if clean || reply[:failed].nil?
    clean = false
  end
  send.call(reply.merge(verdict: clean ? 'pass' : 'fail'))
end

# The tests of that name; one that can only fail when the file has none.
def matching(tests, failures, file, name)
  found = tests.select { |own, path, *| own == file && (name.nil? || path.join(' › ') == name) }
  return found unless found.empty? || failures.key?(file)

  [[file, name.to_s.split(' › '), nil, nil]]
end

def lines_in(error, file)
  error.scan(/#{Regexp.escape(full(file))}:(\d+)/).flatten.map(&:to_i).reverse
end

# Offsets count UTF-16 units; texts outside the basic plane are cut in that encoding.
def edited(edits)
  edits.sort_by { |_, first, last, _| [first, last] }.reverse.each_with_object({}) do |(path, first, last, text), texts|
    now = texts[path] || START['sources'][path]
    texts[path] = if now.ascii_only?
                    now[0...first] + text + now[last..]
                  else
                    units = now.encode('UTF-16LE').b
                    wide = units[0...2 * first] + text.encode('UTF-16LE').b + units[2 * last..]
                    wide.force_encoding('UTF-16LE').encode('UTF-8')
                  end
  end
end

MISSING = bring_minitest

# Values are not compared across candidates yet: nothing is recorded, nothing observed.
while (line = IN.gets)
  next if line.strip.empty?

  message = JSON.parse(line)
  case message['op']
  when 'survey' then survey(message)
  when 'try' then attempt(message)
  when 'record' then tell(op: 'record', id: message['id'], calls: [])
  when 'observe'
    unknown = message['calls'].map { { kind: 'unknown' } }
    tell(op: 'observe', id: message['id'], from: 0, results: unknown, done: true)
  end
end
