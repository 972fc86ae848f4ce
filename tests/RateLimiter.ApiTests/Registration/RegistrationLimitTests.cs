using System.Globalization;
using System.Net;
using System.Security.Cryptography;

namespace RateLimiter.ApiTests.Registration;

/// <summary>How often one caller may register, and which addresses are the same caller.</summary>
[TestFixture]
public sealed class RegistrationLimitTests
{
    private ApiClient visitor = null!;

    [SetUp]
    public async Task VisitAsync()
    {
        var (_, service) = await SharedServices.BehindProxyOfAsync();
        await TestClient.RegisterAsync(service, Addresses.NewIPv4());
        visitor = new ApiClient(service);
    }

    [Test]
    [Contract("POST /register: 5 per 60 s per caller IP, then 429; 429 with Retry-After")]
    public async Task Register_SixthTimeInAMinute_AnswersTooMany()
    {
        var caller = Addresses.NewIPv4();
        await UseUpAsync(caller);

        var answer = await visitor.RegisterAsync("x", caller);

        MustBeTooMany(answer);
        Assert.That(
            int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture),
            Is.InRange(1, 60)
        );
    }

    [Test]
    [Contract("POST /register: 5 per 60 s per caller IP")]
    public async Task Register_OtherCaller_IsNotLimitedByTheFirst()
    {
        await UseUpAsync(Addresses.NewIPv4());

        (await visitor.RegisterAsync("x", Addresses.NewIPv4())).MustBeOk();
    }

    [Test]
    [Contract("A refused request consumes nothing")]
    public async Task Register_RefusedBodies_DoNotCount()
    {
        var caller = Addresses.NewIPv4();
        for (var i = 0; i < 6; i++)
        {
            (await visitor.RegisterAsync("", caller)).MustRefuse("name");
        }

        await UseUpAsync(caller);
    }

    [Test]
    [Contract("IPv6 callers are grouped by /64")]
    public async Task Register_OtherAddressOfTheSameIPv6Network_CountsAsTheSameCaller()
    {
        var network = NewIPv6Network();
        for (var i = 1; i <= 5; i++)
        {
            (await visitor.RegisterAsync("x", $"{network}:{i}:{i}:{i}:{i}")).MustBeOk();
        }

        MustBeTooMany(await visitor.RegisterAsync("x", $"{network}:ffff:0:0:1"));
    }

    [Test]
    [Contract("IPv6 callers are grouped by /64, and by no more")]
    public async Task Register_NextIPv6Network_IsAnotherCaller()
    {
        var network = NewIPv6Network();
        await UseUpAsync($"{network}::1");
        var next = IPAddress.Parse($"{network}::").GetAddressBytes();
        next[7] ^= 1;

        (await visitor.RegisterAsync("x", $"{new IPAddress(next)}")).MustBeOk();
    }

    [Test]
    [Contract("Per caller IP: an IPv4 address written as IPv6 is the same")]
    public async Task Register_IPv4AddressMappedIntoIPv6_CountsAsTheSameCaller()
    {
        var caller = Addresses.NewIPv4();
        await UseUpAsync(caller);

        MustBeTooMany(await visitor.RegisterAsync("x", $"::ffff:{caller}"));
    }

    [Test]
    [Contract("X-Forwarded-For counts only from proxies named in configuration")]
    public async Task Register_AddressesThatTheCallerMadeUp_DoNotCount()
    {
        var caller = Addresses.NewIPv4();
        await UseUpAsync(caller);

        // The proxy appends the address that it saw to what the caller claimed.
        MustBeTooMany(await visitor.RegisterAsync("x", $"{Addresses.NewIPv4()}, {caller}"));
    }

    [TestCase("\", {0}")]
    [TestCase(", {0}")]
    [TestCase("{0}:4711, ")]
    [Contract("X-Forwarded-For counts only from proxies named in configuration")]
    public async Task Register_WhatTheCallerSentIsNoList_CountsForTheCaller(string forwarded)
    {
        var caller = Addresses.NewIPv4();
        await UseUpAsync(caller);

        MustBeTooMany(
            await visitor.RegisterAsync(
                "x",
                forwarded.Replace("{0}", caller, StringComparison.Ordinal)
            )
        );
    }

    [Test]
    [Contract("X-Forwarded-For counts through several trusted proxies")]
    public async Task Register_ThroughTwoTrustedProxies_CountsForTheCaller()
    {
        var caller = Addresses.NewIPv4();
        await UseUpAsync($"{caller}, 127.0.0.1");

        MustBeTooMany(await visitor.RegisterAsync("x", caller));
    }

    [Test]
    [Contract("Registration__PermitLimit=0: 429 without Retry-After, because no wait helps")]
    public async Task Register_LimitZero_Is429WithoutAWait()
    {
        await using var host = await StoreHost.StartAsync();
        var stranger = new ApiClient(
            await host.ServeAsync(SharedServices.Patient, ("Registration__PermitLimit", "0"))
        );

        Answer? answer = null;
        await Poll.UntilAsync(
            "The store does not answer.",
            TimeSpan.FromSeconds(30),
            async () => (answer = await stranger.RegisterAsync("x")).Status != 503
        );

        answer!.MustBeProblem(429);
        Assert.That(answer!.Headers, Does.Not.ContainKey("Retry-After"));
    }

    private async Task UseUpAsync(string caller)
    {
        for (var i = 0; i < 5; i++)
        {
            (await visitor.RegisterAsync("x", caller)).MustBeOk();
        }
    }

    private static void MustBeTooMany(Answer answer)
    {
        answer.MustBeProblem(429);
        Assert.That(answer.Headers, Contains.Key("Retry-After"));
    }

    // The first four groups; none of them is 0, so that "::" may follow.
    private static string NewIPv6Network() =>
        $"2001:db8:{RandomNumberGenerator.GetInt32(1, 0xffff):x}:{RandomNumberGenerator.GetInt32(1, 0xffff):x}";
}
