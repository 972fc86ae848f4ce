using Microsoft.Extensions.Options;
using Npgsql;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>Which PostgreSQL is the system of record. Without one, the store is.</summary>
public sealed class PostgresOptions
{
    public const string Section = "Postgres";
    public const int MaxTimeoutMs = 60_000;

    /// <summary>In the syntax of Npgsql.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// Whether the service migrates the database at start; default true. Otherwise the command <c>migrate</c> has to be
    /// run.
    /// </summary>
    public bool MigrateAtStart { get; set; } = true;

    /// <summary>
    /// The longest that an administrative request waits for the database, in milliseconds; default 2,000.
    /// An import waits this long for each thousand of its changes.
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
