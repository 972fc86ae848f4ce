using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Policies;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Policies;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StoredPolicySetTests
{
    private const long SetVersion = 7;

    private static readonly PolicyKey Kept = new("kept", "default");
    private static readonly PolicyKey Deleted = new("deleted", "default");
    private static readonly PolicyKey Unknown = new("unknown", "default");

    private readonly StoredPolicySet set = new(
        ClientVersion: 9,
        SetVersion,
        Bytes: 5,
        new StoredPolicies.Fields { [Field(Kept)] = "12 {}" },
        new StoredPolicies.Fields { [Field(Deleted)] = 3 }
    );

    [Test]
    public void IsBaseOf_VersionsOfAKeptADeletedAndANewPolicy_IsTrue() =>
        Assert.That(
            set.IsBaseOf(Changes(SetVersion, Save(Kept, 12), Save(Deleted, 3), Save(Unknown, 0))),
            Is.True
        );

    [Test]
    public void IsBaseOf_AnyVersionOfTheSet_IsTrue() =>
        Assert.That(set.IsBaseOf(Changes(setVersion: null, Save(Kept, 12))), Is.True);

    [Test]
    public void IsBaseOf_AnotherVersionOfTheSet_IsFalse() =>
        Assert.That(set.IsBaseOf(Changes(SetVersion - 1, Save(Kept, 12))), Is.False);

    [TestCase("kept", 11)]
    [TestCase("deleted", 0)]
    [TestCase("unknown", 1)]
    public void IsBaseOf_AnotherVersionOfAPolicy_IsFalse(string route, long version) =>
        Assert.That(
            set.IsBaseOf(Changes(SetVersion, Save(new PolicyKey(route, "default"), version))),
            Is.False
        );

    [Test]
    public void Apply_SavesAndADeletion_AreInThePoliciesAndInTheirSize()
    {
        var bytes = set.Apply(
            Changes(SetVersion, new PolicyHead(Kept, 12, Policy: null).Delete(), Save(Deleted, 3))
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(set.Policies.Keys, Is.EqualTo([Field(Deleted)]));
            Assert.That(set.Policies.Values.Single().ToString(), Does.StartWith("4 {"));
            Assert.That(bytes, Is.EqualTo(set.Policies.Values.Single().Length()));
        }
    }

    private static PolicyChange Save(PolicyKey key, long version) =>
        new PolicyHead(key, version, Policy: null).Save(
            TestData.Definition(key.RouteKey, key.Role),
            TestData.Moment,
            TestData.Actor
        );

    private static PolicyChanges Changes(long? setVersion, params PolicyChange[] changes) =>
        new(changes, setVersion, TestData.Moment, TestData.Actor);

    private static string Field(PolicyKey key) => RedisKeys.PolicyField(key)!;
}
