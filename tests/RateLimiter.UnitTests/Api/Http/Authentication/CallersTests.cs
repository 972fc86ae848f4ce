using System.Net;
using RateLimiter.Api.Http.Authentication;

namespace RateLimiter.UnitTests.Api.Http.Authentication;

public sealed class CallersTests
{
    [Test]
    public void RemoteAddress_ConnectionWithoutAnAddress_IsThisMachine()
    {
        var http = Requests.Context();
        http.Connection.RemoteIpAddress = null;

        Assert.That(http.RemoteAddress(), Is.EqualTo(IPAddress.Loopback));
        Assert.That(http.Actor().Address, Is.EqualTo("127.0.0.1"));
    }
}
