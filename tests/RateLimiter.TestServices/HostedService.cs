using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Api;
using RateLimiter.Api.Hosting;

namespace RateLimiter.TestServices;

/// <summary>The service in the process of the tests.</summary>
internal sealed class HostedService : Service
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(20);

    private readonly WebApplication app;
    private readonly LogText log;
    private bool isDisposed;

    private HostedService(WebApplication app, LogText log)
    {
        this.app = app;
        this.log = log;
    }

    public override Uri Address => new(app.Urls.First());

    public override string Output => log.Text;

    public static new async Task<HostedService> StartAsync(
        string directory,
        (string Name, string Value)[] settings
    )
    {
        var log = new LogText();
        var app = ServiceHost.Build(
            [.. Arguments(directory, settings)],
            builder => builder.Logging.ClearProviders().AddProvider(log)
        );
        try
        {
            await Startup.StartAsync(app);
            return new HostedService(app, log);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public static new async Task<string> StartInVainAsync(
        string directory,
        (string Name, string Value)[] settings
    )
    {
        try
        {
            await using var service = await StartAsync(directory, settings);
        }
        catch (Exception exception) when (Startup.Explain(exception) is { } explanation)
        {
            return explanation;
        }

        throw new AssertionException("It has started.");
    }

    public override async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        using var late = new CancellationTokenSource(StopTimeout);
        await app.StopAsync(late.Token);
        await app.DisposeAsync();
    }

    private static IEnumerable<string> Arguments(
        string directory,
        (string Name, string Value)[] settings
    )
    {
        // The environment of the test run must not configure the service.
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
        {
            if (IsSetting(name))
            {
                yield return $"--{Key(name)}=";
            }
        }

        yield return $"--Embedded:DataDirectory={Path.Combine(directory, "data")}";
        yield return "--Shutdown:DelayMs=0";
        if (!settings.Any(setting => IsAddress(setting.Name)))
        {
            yield return $"--{Key(Urls)}={AnyPort}";
        }

        foreach (var (name, value) in settings)
        {
            yield return $"--{Key(name)}={value}";
        }
    }

    // As the configuration reads environment variables.
    private static string Key(string name) =>
        (
            name.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
                ? name["ASPNETCORE_".Length..]
                : name
        ).Replace("__", ":", StringComparison.Ordinal);

    /// <summary>The log, in the lines that the service prints.</summary>
    private sealed class LogText : ILoggerProvider
    {
        private readonly LineFormatter formatter = new();
        private readonly StringBuilder text = new();

        public string Text
        {
            get
            {
                lock (text)
                {
                    return text.ToString();
                }
            }
        }

        public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

        public void Dispose() { }

        private sealed class Logger(LogText log, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel,
                EventId eventId,
                TState state,
                Exception? exception,
                Func<TState, Exception?, string> formatter
            )
            {
                using var line = new StringWriter();
                log.formatter.Write(
                    new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter!),
                    null,
                    line
                );
                lock (log.text)
                {
                    log.text.Append(line);
                }
            }
        }
    }
}
