using YamlDotNet.RepresentationModel;

namespace RateLimiter.UnitTests.Deployment;

/// <summary>The compose files refer only to existing things. Nothing is started.</summary>
[TestFixture("docker-compose.yml")]
[TestFixture("docker-compose.scaled.yml")]
public sealed class ComposeTests(string file)
{
    private readonly YamlNode compose = Yaml.Read(file);

    private IReadOnlyList<(string Name, YamlMappingNode Service)> Services =>
        [
            .. ((YamlMappingNode)compose.At("services")).Select(service =>
                (((YamlScalarNode)service.Key).Value!, Merged((YamlMappingNode)service.Value))
            ),
        ];

    [Test]
    public void Services_ThatOthersWaitFor_SayWhetherTheyAreHealthy()
    {
        foreach (var (name, service) in Services.Where(it => it.Service.Has("depends_on")))
        {
            foreach (var (on, condition) in (YamlMappingNode)service.At("depends_on"))
            {
                var other = Services.Single(it => it.Name == ((YamlScalarNode)on).Value).Service;
                Assert.That(
                    condition.Text("condition") != "service_healthy"
                        || other.Has("healthcheck")
                        // The image has a health check.
                        || other.Has("build"),
                    Is.True,
                    $"{name} waits for {on}"
                );
            }
        }
    }

    [Test]
    public void Volumes_WithNames_AreThere()
    {
        var used =
            from it in Services
            where it.Service.Has("volumes")
            from volume in it.Service.Items("volumes")
            let name = volume.Text().Split(':')[0]
            where !name.StartsWith('.')
            select name;

        Assert.That(
            used,
            Is.EquivalentTo(
                ((YamlMappingNode)compose.At("volumes")).Select(it =>
                    ((YamlScalarNode)it.Key).Value
                )
            )
        );
    }

    [Test]
    public void RateLimiter_Options_AreInTheTable()
    {
        var table = File.ReadAllText(Yaml.PathOf("configuration.md"));

        var options = Services
            .Where(it => it.Service.Has("build"))
            .SelectMany(it => it.Service.Texts("environment").Keys)
            .ToHashSet();

        Assert.That(options, Is.Not.Empty.And.All.Matches<string>(it => table.Contains($"`{it}`")));
    }

    // Members under the merge key << belong to the service too.
    private static YamlMappingNode Merged(YamlMappingNode service) =>
        service.Has("<<")
            ? new YamlMappingNode(
                ((YamlMappingNode)service.At("<<"))
                    .Concat(service)
                    .GroupBy(member => ((YamlScalarNode)member.Key).Value)
                    .Select(members => members.Last())
            )
            : service;
}
