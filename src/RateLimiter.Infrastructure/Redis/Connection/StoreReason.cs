using System.Net.Sockets;
using System.Security.Authentication;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>Why the store is unavailable, in the operator's terms and without a secret.</summary>
/// <param name="Text">The reason.</param>
/// <param name="NeedsOperator">Whether waiting does not help.</param>
internal readonly record struct StoreReason(string Text, bool NeedsOperator = false)
{
    private const string ErrorMark = "SimpleError: ";

    // A script that calls a command which its user may not use; Redis has no error kind for it.
    private const string DeniedInScript = "The user executing the script can't";

    // The client library reports NOAUTH for a wrong password too, because that is the server's reply to the next
    // command.
    private static readonly string[] WrongPasswords = ["NOAUTH", "WRONGPASS", "invalid password"];

    /// <summary>
    /// The reason of a failure. What the client library wraps is the message of the server or of the system.
    /// </summary>
    public static StoreReason Of(Exception? failure)
    {
        if (failure is SentinelException sentinels)
        {
            var reason = Of(sentinels.InnerException);
            return reason with
            {
                Text =
                    $"no sentinel says where it is ({(sentinels.InnerException is null ? sentinels.Message : reason.Text)})",
            };
        }

        var causes = new List<Exception>();
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            causes.Add(cause);
        }

        return causes.OfType<AuthenticationException>().FirstOrDefault() is { } tls ? OfTls(tls)
            : causes.OfType<SocketException>().FirstOrDefault() is { } socket
                ? new StoreReason($"no connection ({Words(socket)})")
            : causes.LastOrDefault() is { } last ? OfLast(last)
            : new StoreReason("no answer");
    }

    private static StoreReason OfLast(Exception last)
    {
        var said = last.Message[Math.Max(0, After(last.Message, ErrorMark))..];
        return Array.Exists(WrongPasswords, word => said.Contains(word, StringComparison.Ordinal))
                ? new StoreReason(
                    "the user name or the password in Redis:ConnectionString is wrong or missing",
                    NeedsOperator: true
                )
            : IsDenial(said)
                ? new StoreReason(
                    $"the Redis user lacks a right, which ACL LOG names ({said})",
                    NeedsOperator: true
                )
            : last switch
            {
                TimeoutException => new StoreReason("no answer in time"),
                RedisConnectionException when Has(said, "ConnectTimeout") => new StoreReason(
                    "no connection in time (with ssl: does the server speak TLS there?)"
                ),
                RedisConnectionException
                {
                    FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection
                } => new StoreReason("no connection yet"),
                RedisConnectionException connection => new StoreReason(
                    $"no connection ({connection.FailureType})"
                ),
                RedisCommandException => new StoreReason(said, NeedsOperator: true),
                _ => new StoreReason(said),
            };
    }

    /// <summary>Whether an error of Redis means that its user lacks a right.</summary>
    public static bool IsDenial(string said) =>
        said.StartsWith("NOPERM", StringComparison.Ordinal) || Has(said, DeniedInScript);

    // The exception's own message ends with the problem of the certificate, or is not about a certificate.
    private static StoreReason OfTls(AuthenticationException exception)
    {
        var certificate = After(exception.Message, ": ");
        return new StoreReason(
            Has(exception.Message, "certificate") && certificate > 0
                ? $"the server's certificate is not trusted ({exception.Message[certificate..]})"
                : $"TLS cannot be agreed on ({exception.GetBaseException().Message})",
            NeedsOperator: true
        );
    }

    private static string Words(SocketException exception) =>
        exception.SocketErrorCode == SocketError.ConnectionReset
            ? $"{exception.Message}: does the server want TLS?"
            : exception.Message;

    private static bool Has(string text, string part) =>
        text.Contains(part, StringComparison.Ordinal);

    private static int After(string text, string mark) =>
        text.LastIndexOf(mark, StringComparison.Ordinal) is >= 0 and var at ? at + mark.Length : -1;
}
