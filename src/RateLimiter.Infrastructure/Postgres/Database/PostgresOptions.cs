using Microsoft.Extensions.Options;
using Npgsql;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>
/// The <see href="docs/operations.md#with-postgresql">PostgreSQL</see> that is the system of record of clients, keys,
/// policies and the audit trail. Without one, the store is.
/// </summary>
public sealed class PostgresOptions
{
    public const string Section = "Postgres";
    public const int MaxTimeoutMs = 60_000;

    /// <summary>
    /// The server, in <see href="https://www.npgsql.org/doc/connection-string-parameters.html">Npgsql syntax</see>. May hold
    /// a secret.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>Whether a start brings its tables up to date; else the command <c>migrate</c> must.</summary>
    public bool MigrateAtStart { get; set; } = true;

    /// <summary>
    /// The longest that an administrative request waits for it, in milliseconds; an import waits this long for each thousand
    /// of its changes.
    /// </summary>
    [Bounds(1, MaxTimeoutMs)]
    public int TimeoutMs { get; set; } = 2000;

    internal bool IsConfigured => !string.IsNullOrWhiteSpace(ConnectionString);

    internal TimeSpan Timeout => TimeSpan.FromMilliseconds(TimeoutMs);

    /// <summary>The operator's settings, except for those that the service determines itself.</summary>
    internal NpgsqlConnectionStringBuilder ToConnectionString()
    {
        var seconds = (int)Math.Ceiling(Timeout.TotalSeconds);
        var given = new NpgsqlConnectionStringBuilder(ConnectionString);
        return new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            ApplicationName = given.ApplicationName ?? "RateLimiter",
            Timeout = seconds,
            CommandTimeout = seconds,
            // A server that does not reply does not reply to a cancellation either.
            CancellationTimeout = -1,
            IncludeErrorDetail = false,
            PersistSecurityInfo = false,
        };
    }
}

/// <summary>
/// Reports which option is wrong without repeating a connection string, which may contain a password.
/// </summary>
public sealed class PostgresOptionsValidator : IValidateOptions<PostgresOptions>
{
    public ValidateOptionsResult Validate(string? name, PostgresOptions options)
    {
        try
        {
            return
                options.IsConfigured && string.IsNullOrWhiteSpace(options.ToConnectionString().Host)
                ? ValidateOptionsResult.Fail("Postgres:ConnectionString names no server (Host).")
                : ValidateOptionsResult.Success;
        }
        catch (Exception exception)
            when (exception
                    is ArgumentException
                        or FormatException
                        or InvalidCastException
                        or OverflowException
            )
        {
            return ValidateOptionsResult.Fail(
                "Postgres:ConnectionString is not a valid Npgsql connection string."
            );
        }
    }
}
