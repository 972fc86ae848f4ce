using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.Infrastructure.Postgres.Administration;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Api.Hosting;

/// <summary>Starts the service, and reports in plain words what it does or why it cannot.</summary>
internal static class Startup
{
    /// <summary>Migrates the database and exits.</summary>
    private const string Migrate = "migrate";

    /// <summary>Copies the data of the store into the database and exits.</summary>
    private const string CopyToPostgres = "copy-to-postgres";

    /// <summary>Runs the service until it is stopped, or runs the command of the first argument.</summary>
    /// <returns>The exit code: 0, or 1 on failure.</returns>
    public static async Task<int> RunAsync(string[] args, Func<WebApplication> build)
    {
        var command = args is [Migrate or CopyToPostgres, ..] ? args[0] : null;
        WebApplication? app = null;
        try
        {
            app = build();
            if (command is not null)
            {
                await RunCommandAsync(command, app);
                await app.DisposeAsync();
                return 0;
            }

            await StartAsync(app);
        }
        catch (OperationCanceledException)
            when (app?.Lifetime.ApplicationStopping.IsCancellationRequested == true)
        {
            // It was stopped before it had started.
            await app.DisposeAsync();
            return 0;
        }
        catch (Exception exception) when (Explain(exception) is { } explanation)
        {
            await Console.Error.WriteLineAsync(
                $"RateLimiter cannot {command ?? "start"}. {explanation}"
            );
            if (app is not null)
            {
                await app.DisposeAsync();
            }

            return 1;
        }

        await app.WaitForShutdownAsync();
        await app.DisposeAsync();
        return 0;
    }

    /// <summary>Starts the service, and logs where it listens and which stores it uses.</summary>
    public static async Task StartAsync(WebApplication app)
    {
        await app.StartAsync();
        Announce(app);
    }

    private static async Task RunCommandAsync(string command, WebApplication app)
    {
        // A command does not start the service, which would validate these options.
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        var postgres =
            app.Services.GetService<PostgresAdministration>()
            ?? throw new FormatException("Postgres:ConnectionString is not set.");
        var done =
            command == Migrate
                ? await postgres.MigrateAsync(CancellationToken.None)
                : await postgres.CopyAsync(Console.WriteLine, CancellationToken.None);
        Console.WriteLine(done);
    }

    private static void Announce(WebApplication app)
    {
        var addresses = string.Join(", ", app.Urls);
        app.Logger.Listening(ServiceVersion.Full, addresses);
        app.Logger.Docs($"{Reachable(app.Urls.First())}/docs");
        app.Logger.Store(app.Services.GetRequiredService<RedisConnection>().Description);
        if (app.Services.GetService<PostgresAdministration>() is { } postgres)
        {
            app.Logger.Records(postgres.Description);
        }

        app.Logger.TimeZoneData(TimeZones.Version);
    }

    // A wildcard address cannot be called.
    private static string Reachable(string address) =>
        address
            .Replace("://[::]", "://localhost", StringComparison.Ordinal)
            .Replace("://0.0.0.0", "://localhost", StringComparison.Ordinal);

    /// <summary>
    /// An error that the operator can fix, in one line. Null for everything else: it is a bug of the service and keeps its
    /// stack trace.
    /// </summary>
    public static string? Explain(Exception exception) =>
        exception switch
        {
            OptionsValidationException invalid => string.Join(" ", invalid.Failures),
            AggregateException several
                when several.InnerExceptions.All(e => Explain(e) is not null) => string.Join(
                " ",
                several.InnerExceptions.Select(Explain)
            ),
            EmbeddedStoreException
            or PostgresSetupException
            or CertificateException
            or IOException
            or FormatException => exception.Message,
            // appsettings.json; its own message names the file.
            InvalidDataException { InnerException.InnerException: JsonException json } =>
                $"{exception.Message} Line {json.LineNumber + 1} is no JSON.",
            // Kestrel's errors about its own options, on several lines; and about their certificates, without naming either.
            InvalidOperationException { Source: "Microsoft.AspNetCore.Server.Kestrel.Core" } =>
                exception.Message.Split(Environment.NewLine)[0],
            CryptographicException =>
                $"A certificate named in the options under Kestrel cannot be used: {exception.Message}",
            // A value of the wrong type: the binder's own message names the option.
            InvalidOperationException { InnerException: FormatException or ArgumentException } =>
                exception.Message,
            _ => null,
        };
}

internal static partial class StartupMessages
{
    [LoggerMessage(1, LogLevel.Information, "RateLimiter {Version} listens on {Addresses}")]
    public static partial void Listening(this ILogger logger, string version, string addresses);

    [LoggerMessage(2, LogLevel.Information, "Documentation: {Address}")]
    public static partial void Docs(this ILogger logger, string address);

    [LoggerMessage(3, LogLevel.Information, "Store: {Store}")]
    public static partial void Store(this ILogger logger, string store);

    [LoggerMessage(4, LogLevel.Information, "System of record: {Records}")]
    public static partial void Records(this ILogger logger, string records);

    [LoggerMessage(5, LogLevel.Information, "Time zones: IANA database {Version}")]
    public static partial void TimeZoneData(this ILogger logger, string version);
}
