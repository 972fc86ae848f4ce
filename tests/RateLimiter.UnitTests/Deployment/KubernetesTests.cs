using System.Globalization;
using System.Text.RegularExpressions;
using RateLimiter.Api.Health;
using YamlDotNet.RepresentationModel;

namespace RateLimiter.UnitTests.Deployment;

/// <summary>
/// The manifests of <c>samples/kubernetes</c>: finds errors that a cluster would report only when they are applied.
/// </summary>
public sealed class KubernetesTests
{
    // The longest time to stop, in addition to the delay.
    private const int SecondsToStop = 4;

    private static readonly string[] Manifests =
    [
        .. Directory
            .EnumerateFiles(Yaml.PathOf(""), "*.yaml")
            .Select(Path.GetFileName)
            .Where(file => file != "kustomization.yaml")
            .Cast<string>()
            .Order(),
    ];

    private readonly YamlNode deployment = Yaml.Read("deployment.yaml");
    private readonly YamlNode config = Yaml.Read("config.yaml");

    private YamlNode Container =>
        deployment.Items("spec", "template", "spec", "containers").Single();

    [TestCaseSource(nameof(Manifests))]
    public void Manifest_Any_SaysWhatItIs(string file)
    {
        var manifest = Yaml.Read(file);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(manifest.Text("apiVersion"), Is.Not.Empty);
            Assert.That(manifest.Text("kind"), Is.Not.Empty);
            Assert.That(manifest.Text("metadata", "name"), Does.StartWith("ratelimiter"));
        }
    }

    [Test]
    public void Kustomization_Resources_AreAllButTheJob()
    {
        var resources = Yaml.Read("kustomization.yaml").Items("resources").Select(it => it.Text());

        Assert.That(resources, Is.EquivalentTo(Manifests.Except(["migrate-job.yaml"])));
    }

    [TestCase("deployment.yaml", "spec", "selector", "matchLabels")]
    [TestCase("service.yaml", "spec", "selector")]
    [TestCase("disruption-budget.yaml", "spec", "selector", "matchLabels")]
    [TestCase("network-policy.yaml", "spec", "podSelector", "matchLabels")]
    public void Selector_Any_MatchesThePods(string file, params string[] path)
    {
        var labels = deployment.Texts("spec", "template", "metadata", "labels");

        Assert.That(Yaml.Read(file).Texts(path), Is.SubsetOf(labels));
    }

    [Test]
    public void Selector_OfTheService_DoesNotMatchTheJob()
    {
        var labels = Yaml.Read("migrate-job.yaml").Texts("spec", "template", "metadata", "labels");

        Assert.That(Yaml.Read("service.yaml").Texts("spec", "selector"), Is.Not.SubsetOf(labels));
    }

    [Test]
    public void Spread_Topologies_SelectThePods()
    {
        var labels = deployment.Texts("spec", "template", "metadata", "labels");

        foreach (
            var spread in deployment.Items("spec", "template", "spec", "topologySpreadConstraints")
        )
        {
            Assert.That(spread.Texts("labelSelector", "matchLabels"), Is.SubsetOf(labels));
        }
    }

    [TestCase("config.yaml", "data")]
    [TestCase("secret.yaml", "stringData")]
    public void Options_Names_AreInTheTable(string file, string field)
    {
        var table = File.ReadAllText(Yaml.PathOf("configuration.md"));
        var known = Regex.Matches(table, @"`(\w+__\w+)`").Select(match => match.Groups[1].Value);

        Assert.That(Yaml.Read(file).Texts(field).Keys, Is.SubsetOf(known.ToHashSet()));
    }

    [TestCase("startupProbe", HealthEndpoints.LivePath)]
    [TestCase("livenessProbe", HealthEndpoints.LivePath)]
    [TestCase("readinessProbe", HealthEndpoints.ReadyPath)]
    public void Probe_Path_IsTheServices(string probe, string path)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Container.Text(probe, "httpGet", "path"), Is.EqualTo(path));
            Assert.That(
                Container.Text(probe, "httpGet", "port"),
                Is.EqualTo(Container.Items("ports").Single().Text("name"))
            );
        }
    }

    [Test]
    public void Ports_All_AreThatOfTheImage()
    {
        var image = Regex.Match(File.ReadAllText(Yaml.PathOf("Dockerfile")), @"EXPOSE (\d+)");
        var port = Container.Items("ports").Single();
        var service = Yaml.Read("service.yaml").Items("spec", "ports").Single();
        var ingress = Yaml.Read("network-policy.yaml").Items("spec", "ingress").Single();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(port.Text("containerPort"), Is.EqualTo(image.Groups[1].Value));
            Assert.That(service.Text("targetPort"), Is.EqualTo(port.Text("name")));
            Assert.That(
                ingress.Items("ports").Single().Text("port"),
                Is.EqualTo(port.Text("containerPort"))
            );
        }
    }

    [Test]
    public void Grace_Seconds_OutlastTheDelay()
    {
        var grace = Number(
            deployment.Text("spec", "template", "spec", "terminationGracePeriodSeconds")
        );

        Assert.That(
            grace,
            Is.GreaterThan(Number(config.Text("data", "Shutdown__DelayMs")) / 1000 + SecondsToStop)
        );
    }

    [TestCase("deployment.yaml")]
    [TestCase("migrate-job.yaml")]
    public void Pod_Any_CanDoNoMoreThanItMust(string file)
    {
        var pod = Yaml.Read(file).At("spec", "template", "spec");
        var security = pod.Items("containers").Single().At("securityContext");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(pod.Text("enableServiceLinks"), Is.EqualTo("false"));
            Assert.That(pod.Text("securityContext", "runAsNonRoot"), Is.EqualTo("true"));
            Assert.That(
                pod.Text("securityContext", "seccompProfile", "type"),
                Is.EqualTo("RuntimeDefault")
            );
            Assert.That(security.Text("readOnlyRootFilesystem"), Is.EqualTo("true"));
            Assert.That(security.Text("allowPrivilegeEscalation"), Is.EqualTo("false"));
            Assert.That(
                security.Items("capabilities", "drop").Select(it => it.Text()),
                Is.EqualTo(["ALL"])
            );
        }
    }

    [TestCase("deployment.yaml")]
    [TestCase("migrate-job.yaml")]
    public void Pod_References_AreThere(string file)
    {
        var pod = Yaml.Read(file).At("spec", "template", "spec");
        var container = pod.Items("containers").Single();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                container
                    .Items("envFrom")
                    .Select(it =>
                        it.Has("secretRef")
                            ? it.Text("secretRef", "name")
                            : it.Text("configMapRef", "name")
                    ),
                Is.EqualTo([
                    config.Text("metadata", "name"),
                    Yaml.Read("secret.yaml").Text("metadata", "name"),
                ])
            );
            Assert.That(
                container.Items("volumeMounts").Select(it => it.Text("name")),
                Is.EquivalentTo(pod.Items("volumes").Select(it => it.Text("name")))
            );
            Assert.That(
                container.Text("image"),
                Is.EqualTo(Yaml.Read("docker-compose.yml").Text("services", "ratelimiter", "image"))
            );
        }
    }

    [Test]
    public void Autoscaler_Target_IsTheDeployment()
    {
        var scaler = Yaml.Read("autoscaler.yaml");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                scaler.Text("spec", "scaleTargetRef", "name"),
                Is.EqualTo(deployment.Text("metadata", "name"))
            );
            // It would override the autoscaler each time that the file is applied.
            Assert.That(deployment.At("spec").Has("replicas"), Is.False);
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
