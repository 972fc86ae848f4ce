using RateLimiter.Api.Demo;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Demo;

public sealed class SampleShopTests
{
    private static readonly DateTimeOffset Minute = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Test]
    public void ChecksOf_SameMinuteTwice_AreTheSame()
    {
        var before = SampleShop.ChecksOf(Minute);

        Assert.That(SampleShop.ChecksOf(Minute), Is.EqualTo(before));
    }

    [Test]
    public void ChecksOf_AnyMinuteOfADay_AreInItAndInTheirOrder()
    {
        for (var i = 0; i < 24 * 60; i++)
        {
            var minute = Minute.AddMinutes(i);
            var times = SampleShop.ChecksOf(minute).Select(it => it.At).ToList();

            Assert.That(times, Is.Not.Empty.And.Ordered);
            Assert.That(times, Is.All.InRange(minute, minute.AddMinutes(1)));
        }
    }

    [Test]
    public void ChecksOf_AnHour_AreEachForAPolicy()
    {
        var policies = new PolicyTable(
            SampleShop.Policies.Select(definition => Policy.Create(definition, Minute))
        );
        var checks = Enumerable
            .Range(0, 60)
            .SelectMany(i => SampleShop.ChecksOf(Minute.AddMinutes(i)))
            .Select(it => it.Check);

        var used = checks
            .Select(check => policies.Resolve(check.RouteKey, check.Role)?.Key)
            .Distinct();

        Assert.That(
            used,
            Is.EquivalentTo(SampleShop.Policies.Select(definition => (PolicyKey?)definition.Key))
        );
    }
}
