using System.Net;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Application.Quotas;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AdministrativeRateTests
{
    private const string OfClient = "Too many administrative calls of this client.";
    private const string OfAddress = "Too many administrative calls from this address.";

    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress There = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider time = new(TestData.Moment);

    [Test]
    public void Take_Default_LetsABurstOf1000PassAndThen50ASecond()
    {
        var rate = TestData.AdministrativeRate(time: time);
        Assert.That(Passed(rate, TestData.Client, Here), Is.EqualTo(1000));

        Assert.That(
            rate.Acquire(TestData.Client, Here),
            Is.EqualTo(new RefusedCall(OfClient, TimeSpan.FromMilliseconds(20)))
        );
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Passed(rate, TestData.Client, Here), Is.EqualTo(50));
        time.Advance(TimeSpan.FromHours(1));
        Assert.That(Passed(rate, TestData.Client, Here), Is.EqualTo(1000));
    }

    [Test]
    public void Take_ClientOutOfCalls_IsRefusedFromEveryAddressAndTouchesNoOther()
    {
        var rate = Create(burst: 3);
        Passed(rate, TestData.Client, Here);

        Assert.That(rate.Acquire(TestData.Client, There)?.Reason, Is.EqualTo(OfClient));
        Assert.That(Passed(rate, ClientId.New(), There), Is.EqualTo(3));
    }

    [Test]
    public void Take_AddressOutOfCalls_IsRefusedForEveryClientAndTouchesNoOther()
    {
        var rate = Create(burst: 3);
        Passed(rate, client: null, Here);
        var client = ClientId.New();

        for (var i = 0; i < 10; i++)
        {
            Assert.That(rate.Acquire(client, Here)?.Reason, Is.EqualTo(OfAddress));
        }

        Assert.That(Passed(rate, client, There), Is.EqualTo(3), "What was refused cost nothing.");
    }

    [TestCase("192.0.2.1", "::ffff:192.0.2.1")]
    [TestCase("2001:db8:0:1::1", "2001:db8:0:1:ffff::2")]
    public void Take_OtherAddressOfTheSameNetwork_SharesItsCalls(string address, string other)
    {
        var rate = Create(burst: 1);
        rate.Acquire(client: null, IPAddress.Parse(address));

        Assert.That(rate.Acquire(null, IPAddress.Parse(other))?.Reason, Is.EqualTo(OfAddress));
    }

    [TestCase("192.0.2.1", "192.0.2.2")]
    [TestCase("2001:db8:0:1::1", "2001:db8:0:2::1")]
    public void Take_OtherNetwork_HasCallsOfItsOwn(string address, string other)
    {
        var rate = Create(burst: 1);
        rate.Acquire(client: null, IPAddress.Parse(address));

        Assert.That(rate.Acquire(null, IPAddress.Parse(other)), Is.Null);
    }

    [Test]
    public void Take_RateOf0_AlwaysPasses()
    {
        var rate = Create(callsPerSecond: 0, burst: 1);

        for (var i = 0; i < 10_000; i++)
        {
            Assert.That(rate.Acquire(TestData.Client, Here), Is.Null);
        }
    }

    private AdministrativeRate Create(long callsPerSecond = 1, long burst = 1000) =>
        TestData.AdministrativeRate(
            new QuotaOptions
            {
                AdministrativeCallsPerSecond = callsPerSecond,
                AdministrativeBurst = burst,
            },
            time
        );

    /// <summary>The number of calls that pass before one is rejected.</summary>
    private static int Passed(AdministrativeRate rate, ClientId? client, IPAddress caller)
    {
        var passed = 0;
        while (rate.Acquire(client, caller) is null)
        {
            passed++;
        }

        return passed;
    }
}
