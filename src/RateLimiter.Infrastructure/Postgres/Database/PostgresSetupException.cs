namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>The database cannot be used in its current state; the message says what to do.</summary>
public sealed class PostgresSetupException : Exception
{
    internal PostgresSetupException(string message, Exception? innerException = null)
        : base(message, innerException) { }
}
