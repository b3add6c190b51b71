# Runs inside the sandbox: minitest with a reporter that writes Cambium's report lines. As the main program it loads the given
# files, each by itself, so that one that does not load costs only its own tests; preloaded (rake) it only listens.
require 'json'

# Before anything of the project is loaded: which of its lines run, written down when the process ends.
if (folder = ENV['CAMBIUM_COVERAGE'])
  require 'coverage'
  require 'fileutils'
  Coverage.start(lines: true)
  process = Process.pid
  at_exit do
    next if Process.pid != process

    own = Coverage.result.select { |path, _| path.start_with?("#{Dir.pwd}/") && !path.include?('/vendor/') }
    files = own.transform_values { |seen| seen[:lines].each_index.select { |at| seen[:lines][at].to_i.positive? }.map(&:succ) }
    FileUtils.mkdir_p(folder)
    File.write(File.join(folder, "lines-#{process}-#{(Time.now.to_f * 1e6).to_i}.json"), JSON.generate(files: files))
  end
end

require 'minitest'

module CambiumMinitest
  MAX_CHARS = 20_000
  REPORT = ENV.fetch('CAMBIUM_REPORT')
  NAMES = JSON.parse(ENV['CAMBIUM_NAMES'] || 'null')

  def self.write(value)
    File.open(REPORT, 'a') { |report| report.puts(JSON.generate(value)) }
  end

  def self.text(value)
    value.to_s.dup.force_encoding('UTF-8').scrub('?')[-MAX_CHARS..] || value.to_s.dup.force_encoding('UTF-8').scrub('?')
  end

  # Suites from the outside in, then the test; blocks of specs under the words that they were given.
  def self.path(class_name, name)
    [*class_name.split('::'), name.sub(/\Atest_\d{4}_/, '')]
  end

  def self.file_of(klass, name)
    klass.instance_method(name).source_location&.first
  rescue NameError
    nil
  end

  class Reporter < Minitest::AbstractReporter
    def prerecord(klass, name)
      @file = CambiumMinitest.file_of(klass, name)
      CambiumMinitest.write(k: 'start', file: @file, path: CambiumMinitest.path(klass.name, name))
    end

    def record(result)
      status = result.skipped? ? 'skipped' : result.passed? ? 'passed' : 'failed'
      message = status == 'failed' ? CambiumMinitest.text(result.failures.map { |one| described(one) }.join("\n")) : nil
      path = CambiumMinitest.path(result.klass, result.name)
      CambiumMinitest.write(k: 'end', file: @file, path: path, status: status, ms: result.time * 1000, message: message)
    end

    def report
      CambiumMinitest.write(k: 'done')
    end

    private

    def described(failure)
      error = failure.error
      "#{error.class}: #{error.message}\n#{(error.backtrace || []).reject { |line| line.include?('/minitest') }.first(20).map { |line| "    #{line}" }.join("\n")}"
    end
  end

  module Selected
    def runnable_methods
      wanted = CambiumMinitest::NAMES
      return super if wanted.nil?

      super.select { |name| wanted.include?(CambiumMinitest.path(self.name.to_s, name).join(' › ')) }
    end
  end

  def self.load_files(files)
    files.each do |file|
      load File.expand_path(file)
    rescue ScriptError, StandardError => e
      text = "#{e.class}: #{e.message}\n#{(e.backtrace || []).first(20).join("\n")}"
      write(k: 'file', file: File.expand_path(file), status: 'failed', message: text(text), load: true)
    end
  end
end

Minitest::Test.singleton_class.prepend(CambiumMinitest::Selected)
Minitest.extensions << 'cambium'
def Minitest.plugin_cambium_init(_options)
  reporter << CambiumMinitest::Reporter.new
end

if File.expand_path($PROGRAM_NAME) == __FILE__
  files = ARGV.empty? ? Dir['{test,tests,spec}/**/{test_*,*_test,*_spec}.rb'].sort : ARGV.dup
  ARGV.clear
  Minitest.autorun
  CambiumMinitest.load_files(files)
end
