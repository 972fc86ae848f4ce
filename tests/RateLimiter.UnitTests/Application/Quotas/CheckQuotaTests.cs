using Microsoft.Extensions.Time.Testing;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Application.Quotas;

public sealed class CheckQuotaTests
{
    [Test]
    public void Take_NoQuota_AlwaysPasses()
    {
        var quota = TestData.CheckQuota();

        for (var i = 0; i < 10_000; i++)
        {
            Assert.That(quota.Acquire(TestData.Client, 1000), Is.Null);
        }
    }

    [Test]
    public void Take_MoreThanTheQuota_WaitsUntilTheyWillPass()
    {
        var time = new FakeTimeProvider(TestData.Moment);
        var quota = TestData.CheckQuota(5000, time);
        Assert.That(quota.Acquire(TestData.Client, 5000), Is.Null);

        var wait = quota.Acquire(TestData.Client, 1000);

        Assert.That(wait, Is.EqualTo(TimeSpan.FromMilliseconds(200)));
        time.Advance(wait!.Value - TimeSpan.FromTicks(10));
        Assert.That(quota.Acquire(TestData.Client, 1000), Is.Not.Null);
        time.Advance(TimeSpan.FromTicks(10));
        Assert.That(quota.Acquire(TestData.Client, 1000), Is.Null);
    }

    [Test]
    public void Take_AQuotaOfLessThanABatch_LetsABatchPassAllTheSame() =>
        Assert.That(TestData.CheckQuota(1).Acquire(TestData.Client, 1000), Is.Null);

    [Test]
    public void Take_AnotherClient_HasItsOwn()
    {
        var quota = TestData.CheckQuota(1);
        quota.Acquire(TestData.Client, 1000);

        Assert.That(quota.Acquire(ClientId.New(), 1000), Is.Null);
        Assert.That(quota.Acquire(TestData.Client, 1), Is.Not.Null);
    }
}
