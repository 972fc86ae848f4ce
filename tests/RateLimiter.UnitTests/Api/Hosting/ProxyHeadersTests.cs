using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using RateLimiter.Api.Hosting;

namespace RateLimiter.UnitTests.Api.Hosting;

public sealed class ProxyHeadersTests
{
    private const string Proxy = "10.1.2.3";

    [TestCase("203.0.113.10", "203.0.113.10")]
    [TestCase("\"203.0.113.10\"", "203.0.113.10")]
    [TestCase("203.0.113.10:8080", "203.0.113.10")]
    [TestCase("\"203.0.113.10:8080\"", "203.0.113.10")]
    [TestCase("2001:db8::7", "2001:db8::7")]
    [TestCase("[2001:db8::7]", "2001:db8::7")]
    [TestCase("[2001:db8::7]:443", "2001:db8::7")]
    [TestCase("\"[2001:db8::7]:443\"", "2001:db8::7")]
    [TestCase("::ffff:203.0.113.10", "::ffff:203.0.113.10")]
    // Empty elements are skipped.
    [TestCase(", 203.0.113.10", "203.0.113.10")]
    [TestCase("203.0.113.10,", "203.0.113.10")]
    [TestCase("203.0.113.10, ,\t,10.9.9.9 ,, ", "203.0.113.10")]
    // Text from the caller before the address that the proxy added is ignored.
    [TestCase("\", 203.0.113.10", "203.0.113.10")]
    [TestCase("\"198.51.100.1, 203.0.113.10", "203.0.113.10")]
    [TestCase("\"\\, 203.0.113.10", "203.0.113.10")]
    [TestCase("unknown, 203.0.113.10", "203.0.113.10")]
    [TestCase("198.51.100.1, 203.0.113.10", "203.0.113.10")]
    [TestCase("198.51.100.1, 203.0.113.10, 10.9.9.9", "203.0.113.10")]
    [TestCase("198.51.100.1, 203.0.113.10, ::ffff:10.9.9.9", "203.0.113.10")]
    public async Task ApplyAsync_FromATrustedProxy_TheLastAddressThatIsNoProxysCounts(
        string forwarded,
        string caller
    ) => Assert.That(await CallerAsync(Proxy, forwarded), Is.EqualTo(IPAddress.Parse(caller)));

    [TestCase("")]
    [TestCase(" , ,")]
    [TestCase("\"")]
    [TestCase("unknown")]
    [TestCase("010.0.0.1")]
    [TestCase("10")]
    [TestCase("0xa.0.0.1")]
    [TestCase("167772161")]
    [TestCase("\"203.0.113.10")]
    [TestCase("203.0.113.10\"")]
    [TestCase("203.0.113.10:")]
    [TestCase("203.0.113.10:99999")]
    [TestCase("203.0.113.10:+80")]
    [TestCase("[203.0.113.10]")]
    [TestCase("[2001:db8::7")]
    [TestCase("[2001:db8::7]443")]
    [TestCase("[[2001:db8::7]]")]
    [TestCase("fe80::1%eth0")]
    [TestCase("::ffff:010.0.0.1")]
    [TestCase("::ffff:0x0a.0.0.1")]
    public async Task ApplyAsync_WhatTheProxyAddedIsNoAddress_TheProxyIsTheCaller(
        string forwarded
    ) => Assert.That(await CallerAsync(Proxy, forwarded), Is.EqualTo(IPAddress.Parse(Proxy)));

    [Test]
    public async Task ApplyAsync_BehindWhatIsNoAddress_TheLastProxyIsTheCaller() =>
        Assert.That(
            await CallerAsync(Proxy, "203.0.113.10, 010.0.0.1, 10.9.9.9"),
            Is.EqualTo(IPAddress.Parse("10.9.9.9"))
        );

    [Test]
    public async Task ApplyAsync_SeveralHeaders_AreOneList() =>
        Assert.That(
            await CallerAsync(Proxy, "198.51.100.1", "203.0.113.10,", ", 10.9.9.9"),
            Is.EqualTo(IPAddress.Parse("203.0.113.10"))
        );

    [TestCase("192.0.2.1")]
    [TestCase("2001:db8::1")]
    public async Task ApplyAsync_FromAnybodyElse_SaysNothing(string connection) =>
        Assert.That(
            await CallerAsync(connection, "203.0.113.10"),
            Is.EqualTo(IPAddress.Parse(connection))
        );

    [Test]
    public async Task ApplyAsync_ProxyWhoseAddressIsMapped_IsTrusted() =>
        Assert.That(
            await CallerAsync($"::ffff:{Proxy}", "203.0.113.10"),
            Is.EqualTo(IPAddress.Parse("203.0.113.10"))
        );

    [Test]
    public async Task ApplyAsync_OverAUnixSocket_IsTrusted() =>
        Assert.That(
            await CallerAsync(connection: null, "203.0.113.10"),
            Is.EqualTo(IPAddress.Parse("203.0.113.10"))
        );

    [TestCase("/limits", "/limits")]
    [TestCase("/limits/", "/limits")]
    [TestCase(" /a , /b/c ", "/a/b/c")]
    [TestCase("/~a/b.c-d_e", "/~a/b.c-d_e")]
    [TestCase("/.well", "/.well")]
    [TestCase("", "")]
    [TestCase("/", "")]
    [TestCase("limits", "")]
    [TestCase("//elsewhere.example", "")]
    [TestCase("/a//b", "")]
    [TestCase("/, //b", "")]
    [TestCase("/a/..", "")]
    [TestCase("/./a", "")]
    [TestCase("/a\nb", "")]
    [TestCase("/a%2f", "")]
    [TestCase("/a\"b", "")]
    [TestCase("/a?b", "")]
    [TestCase("/ä", "")]
    public void PathOf_Prefixes_AreOnePathOrNone(string prefixes, string path) =>
        Assert.That(ProxyHeaders.PathOf(prefixes).Value ?? "", Is.EqualTo(path));

    private static async Task<IPAddress?> CallerAsync(string? connection, params string[] forwarded)
    {
        var proxies = new ProxyOptions { Trusted = "10.0.0.0/8" };
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = connection is null
            ? null
            : IPAddress.Parse(connection);
        context.Request.Headers["X-Forwarded-For"] = forwarded;
        await new ProxyHeaders(Options.Create(proxies)).ApplyAsync(
            context,
            _ => Task.CompletedTask
        );
        return context.Connection.RemoteIpAddress;
    }
}
