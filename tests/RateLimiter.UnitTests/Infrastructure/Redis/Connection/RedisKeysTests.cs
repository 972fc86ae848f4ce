using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Connection;

public sealed class RedisKeysTests
{
    // Stores that earlier versions filled have these names: a change would lose the counters of every user.
    [TestCase("search", "alice", "rl:{0123456789abcdEF:5:alice}:epoch")]
    [TestCase("search", "a}:{b", "rl:{0123456789abcdEF:5:a}:{b}:epoch")]
    [TestCase("search", "😀", "rl:{0123456789abcdEF:2:😀}:epoch")]
    [TestCase("*", "alice", "rl:{0123456789abcdEF:5:alice:6:search}:epoch")]
    public void Counter_LimitsOfUsers_HasTheNameThatItAlwaysHad(
        string route,
        string user,
        string name
    ) =>
        Assert.That(
            RedisKeys.Counter(PlanOf(route, user, [], ["user_id"], ["user_id"]), 0),
            Is.EqualTo(name)
        );

    [TestCase("search", "rl:{0123456789abcdEF:s:org:4:acme}", "org")]
    [TestCase("search", "rl:{0123456789abcdEF:s5:aliceorg:4:acme}", "org,user_id")]
    [TestCase("search", "rl:{0123456789abcdEF:s:model:3:gptorg:4:acme}", "org,model")]
    [TestCase("search", "rl:{0123456789abcdEF:p6:searchdefault}", "")]
    [TestCase("search", "rl:{0123456789abcdEF:s:org:4:acme}", "org", "org,user_id")]
    [TestCase("search", "rl:{0123456789abcdEF:5:alice}", "user_id", "org,user_id")]
    [TestCase("search", "rl:{0123456789abcdEF:p6:searchdefault}", "org", "user_id")]
    [TestCase("search", "rl:{0123456789abcdEF:p6:searchdefault}", "", "org")]
    [TestCase("*", "rl:{0123456789abcdEF:s:org:4:acme:6:search}", "org")]
    [TestCase("*", "rl:{0123456789abcdEF:p1:*default:6:search}", "org", "user_id")]
    public void Counter_Subjects_HasTheSlotOfThoseThatAllLimitsHave(
        string route,
        string slot,
        params string[] limits
    )
    {
        var plan = PlanOf(
            route,
            "alice",
            [("org", "acme"), ("model", "gpt")],
            [.. limits.Select(per => per.Split(',', StringSplitOptions.RemoveEmptyEntries))]
        );

        var names = Enumerable.Range(0, plan.Count).Select(i => RedisKeys.Counter(plan, i));

        Assert.That(names, Has.All.StartsWith($"{slot}:").And.All.EndsWith(":epoch"));
    }

    // A limit that is added or removed resets no other while the limits have the same subjects in common.
    [TestCase("", "")]
    [TestCase("", "user_id")]
    [TestCase("user_id", "user_id")]
    [TestCase("user_id", "org,user_id")]
    [TestCase("org", "org,user_id")]
    [TestCase("org,user_id", "model,org,user_id")]
    public void Counter_SubjectsThatAreInCommon_HasTheSameNameBesideAnotherLimit(
        string per,
        string other
    )
    {
        (string, string)[] subjects = [("org", "acme"), ("model", "gpt")];
        string[][] pers =
        [
            .. new[] { per, other }.Select(it =>
                it.Split(',', StringSplitOptions.RemoveEmptyEntries)
            ),
        ];

        Assert.That(
            RedisKeys.Counter(PlanOf("search", "alice", subjects, pers), 0),
            Is.EqualTo(RedisKeys.Counter(PlanOf("search", "alice", subjects, pers[0]), 0))
        );
    }

    // Whose counter a limit has, in a policy with another one that makes the slot.
    private static readonly string[][] Pers =
    [
        ["user_id"],
        ["org"],
        ["org", "user_id"],
        ["model", "org"],
        ["model", "org", "user_id"],
        [],
    ];

    [Test]
    public void Counter_HostileNames_NoTwoOwnersShareOne([Values("search", "*")] string route)
    {
        string[] parts = ["", "a", ":", "}", "org:1:a", "model:1:a"];
        string[] hostile =
        [
            .. parts
                .SelectMany(one => parts.Select(other => one + other))
                .Distinct()
                .Where(name => name != ""),
        ];
        foreach (var per in Pers)
        {
            foreach (var beside in Pers)
            {
                var policy = PolicyOf(route, per, beside);
                var owners = new Dictionary<string, string>();
                foreach (var (user, org, model) in Combinations(hostile))
                {
                    var subjects = TestData.Subjects(("org", org), ("model", model));
                    var name = RedisKeys.Counter(
                        TestData.Plan(policy, user: user, subjects: subjects),
                        index: 0
                    );
                    // No name has a line break.
                    var owner = string.Join('\n', per.Select(name => subjects.Find(name) ?? user));
                    if (!owners.TryAdd(name, owner) && owners[name] != owner)
                    {
                        Assert.Fail($"{owners[name]} and {owner} share {name}");
                    }
                }
            }
        }
    }

    private static IEnumerable<(string User, string Org, string Model)> Combinations(
        string[] hostile
    )
    {
        for (var i = 0; i < hostile.Length; i++)
        {
            for (var j = 0; j < hostile.Length; j += 3)
            {
                yield return (hostile[i], hostile[j], hostile[(i + j) % hostile.Length]);
                yield return (hostile[j], hostile[i], hostile[(i * 7 + j) % hostile.Length]);
            }
        }
    }

    private static CheckPlan PlanOf(
        string route,
        string user,
        (string, string)[] subjects,
        params string[][] pers
    ) =>
        TestData.Plan(
            PolicyOf(route, pers),
            user: user,
            subjects: subjects is [] ? null : TestData.Subjects(subjects)
        );

    private static Policy PolicyOf(string route, params string[][] pers) =>
        TestData.Policy(
            route,
            limits:
            [
                .. pers.Select(
                    (per, i) => TestData.Limit($"{i}", per: per) with { Epoch = "epoch" }
                ),
            ]
        );
}
