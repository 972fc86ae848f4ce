using System.Net.Sockets;
using System.Security.Authentication;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Connection;

/// <summary>The reason that the operator sees for exceptions of the client library.</summary>
[TestFixture]
public sealed class StoreReasonTests
{
    private const string Password =
        "the user name or the password in Redis:ConnectionString is wrong or missing";

    private static readonly TestCaseData<Exception?, string, bool>[] Failures =
    [
        new(null, "no answer", false),
        new(new TimeoutException("x"), "no answer in time", false),
        new(Unconnected(null), "no connection yet", false),
        new(
            Unconnected(new SocketException((int)SocketError.ConnectionRefused)),
            "no connection (Connection refused)",
            false
        ),
        new(
            Unconnected(
                new IOException("x", new SocketException((int)SocketError.ConnectionReset))
            ),
            "no connection (Connection reset by peer: does the server want TLS?)",
            false
        ),
        new(
            Unconnected(
                Failed(
                    ConnectionFailureType.UnableToConnect,
                    "It was not possible to connect to the redis server(s) x/Interactive. ConnectTimeout",
                    null
                )
            ),
            "no connection in time (with ssl: does the server speak TLS there?)",
            false
        ),
        new(
            Unconnected(
                new InvalidOperationException(
                    "SimpleError: NOAUTH Authentication required. Verify if the Redis password provided is correct."
                )
            ),
            Password,
            true
        ),
        new(Unconnected(new InvalidOperationException("WRONGPASS invalid")), Password, true),
        new(
            Unconnected(new InvalidOperationException("SimpleError: NOPERM no 'echo'")),
            "the Redis user lacks a right, which ACL LOG names (NOPERM no 'echo')",
            true
        ),
        new(
            new InvalidOperationException("The user executing the script can't run this command"),
            "the Redis user lacks a right, which ACL LOG names (The user executing the script can't run this command)",
            true
        ),
        new(
            Unconnected(
                new AuthenticationException(
                    "The remote certificate is invalid because of errors in the certificate chain: UntrustedRoot"
                )
            ),
            "the server's certificate is not trusted (UntrustedRoot)",
            true
        ),
        new(
            Unconnected(
                new AuthenticationException("See inner", new InvalidOperationException("SSL wrong"))
            ),
            "TLS cannot be agreed on (SSL wrong)",
            true
        ),
        new(new RedisCommandException("No database 99"), "No database 99", true),
        new(new InvalidOperationException("LOADING x"), "LOADING x", false),
    ];

    [TestCaseSource(nameof(Failures))]
    public void Of_Failure_IsInTheOperatorsWords(
        Exception? failure,
        string text,
        bool needsOperator
    ) => Assert.That(StoreReason.Of(failure), Is.EqualTo(new StoreReason(text, needsOperator)));

    // Wrapped as by the client library.
    private static RedisConnectionException Unconnected(Exception? why) =>
        Failed(
            ConnectionFailureType.UnableToResolvePhysicalConnection,
            "No connection is active/available to service this operation: EVALSHA",
            why
        );

    private static RedisConnectionException Failed(
        ConnectionFailureType how,
        string message,
        Exception? why
    ) => new(how, CommandFlags.None, message, why, CommandStatus.WaitingToBeSent);
}
