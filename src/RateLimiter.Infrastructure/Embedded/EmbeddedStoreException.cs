namespace RateLimiter.Infrastructure.Embedded;

/// <summary>The embedded store cannot be started; the message says what to do.</summary>
public sealed class EmbeddedStoreException : Exception
{
    internal EmbeddedStoreException(string message, Exception? innerException = null)
        : base(message, innerException) { }

    internal static EmbeddedStoreException Unusable(string directory, Exception exception) =>
        new($"Embedded:DataDirectory '{directory}' cannot be used: {exception.Message}", exception);

    internal static EmbeddedStoreException UnusableTemporary(string why, Exception exception) =>
        new(
            $"The folder for temporary files, TMPDIR '{Path.GetTempPath()}', cannot hold the socket of the embedded store: "
                + $"{why}.",
            exception
        );

    /// <param name="directory">The store's data directory.</param>
    /// <param name="what">What is wrong there.</param>
    /// <param name="exception">The cause.</param>
    internal static EmbeddedStoreException Damaged(
        string directory,
        string what,
        Exception? exception = null
    ) =>
        new(
            $"The data in Embedded:DataDirectory '{directory}' cannot be read: {what}. Put a copy of the folder in its "
                + "place, or move it away to start empty.",
            exception
        );
}
