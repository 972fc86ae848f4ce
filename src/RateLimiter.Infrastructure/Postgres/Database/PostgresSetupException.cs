namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>The database cannot be used as it is; the message says what to do.</summary>
public sealed class PostgresSetupException : Exception
{
    internal PostgresSetupException(string message, Exception? innerException = null)
        : base(message, innerException) { }
}
