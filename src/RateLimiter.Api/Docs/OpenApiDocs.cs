using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.FileProviders;
using NSwag;
using NSwag.Generation.AspNetCore;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Hosting;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Overrides;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Docs;

/// <summary>The OpenAPI document at <c>/openapi.json</c> and the Swagger UI at <c>/docs</c>.</summary>
internal static class OpenApiDocs
{
    private const string DocumentPath = "/openapi.json";
    private const string PagePath = "/docs";
    private const string Scheme = "ApiKey";

    private const string Description =
        "Rate limiting as a service. Register a client, save a policy for each route and role, and call POST /check for each request.";

    private static readonly (string Name, string Description)[] Tags =
    [
        ("Checks", "Decide whether a user may do something now."),
        ("Gateway", "Forward authentication (external authorization) for gateways."),
        ("Reservations", "Hold permits until the true cost is known."),
        ("Usage", "Read, refund and reset the usage of a user."),
        ("Policies", "The limits of each route and role: one by one, as code, and their history."),
        ("Overrides", "Other limits, none, or a block for one subject, a pattern or a network."),
        ("Keys", "The API keys of a client. A key is shown once, when it is created."),
        ("Clients", "Register a client, and delete it with all its data."),
        ("Logs", "The log of decisions."),
        ("Analytics", "How many checks were made, and how they were decided."),
        ("Audit", "Who changed what: policies, overrides, keys, and the client itself."),
    ];

    public static void AddDocs(this IServiceCollection services) =>
        services.AddOpenApiDocument(document =>
        {
            document.Title = "RateLimiter";
            document.Version = ServiceVersion.MajorMinor;
            document.Description = Description;
            document.PostProcess = Complete;
            document.AddSecurity(
                Scheme,
                new OpenApiSecurityScheme
                {
                    Type = OpenApiSecuritySchemeType.ApiKey,
                    In = OpenApiSecurityApiKeyLocation.Header,
                    Name = ApiKeyFilter.HeaderName,
                    Description = "The key from the response of POST /register.",
                }
            );
            document.OperationProcessors.Add(new ApiKeyProcessor());
            document.OperationProcessors.Add(new CommonResponses());
            document.DocumentProcessors.Add(new OperationExamples());
            document.DocumentProcessors.Add(new Nullability());
            document.SchemaSettings.SchemaProcessors.Add(new WireSchemas());
            ConvertedTypes.AddTo(document.SchemaSettings.TypeMappers);
        });

    private static void Complete(OpenApiDocument document)
    {
        // Its fields are among those of every audited thing, and nothing refers to it.
        document.Definitions.Remove(nameof(AuditedOverrideResponse));
        // Orval generates code in this order, and uses an enumeration where a value may be one or null.
        var schemas = document.Components.Schemas;
        var ordered = schemas.OrderByDescending(schema => schema.Value.IsEnumeration).ToList();
        schemas.Clear();
        foreach (var (name, schema) in ordered)
        {
            schemas[name] = schema;
        }

        document.Info.License = new OpenApiLicense
        {
            Name = "MIT",
            Url = "https://opensource.org/license/mit",
        };
        document.Info.Contact = new OpenApiContact { Name = "The operator of this service" };
        foreach (var (name, description) in Tags)
        {
            document.Tags.Add(new OpenApiTag { Name = name, Description = description });
        }
    }

    /// <summary>In a separate branch, so that no other request passes through it.</summary>
    public static void UseDocs(this WebApplication app) =>
        app.UseWhen(
            context =>
                context.Request.Path.StartsWithSegments(PagePath)
                || context.Request.Path == DocumentPath,
            docs =>
            {
                docs.Use(RefuseOtherMethodsAsync);
                docs.UsePageHeaders(PageHeaders.OfDocs, "no-referrer");
                // Replaces NSwag's page, which holds an inline script, and shows any document that its address names.
                docs.UseStaticFiles(
                    new StaticFileOptions
                    {
                        RequestPath = PagePath,
                        FileProvider = new EmbeddedFileProvider(
                            typeof(OpenApiDocs).Assembly,
                            $"{typeof(OpenApiDocs).Namespace}.Page"
                        ),
                    }
                );
                docs.Use(ForgetWhereAsync);
                docs.UseOpenApi(settings =>
                {
                    settings.Path = DocumentPath;
                    // NSwag writes the host of the request.
                    settings.PostProcess = (document, _) =>
                    {
                        document.Servers.Clear();
                        document.Servers.Add(
                            new OpenApiServer
                            {
                                // Relative to the document, so that it holds below any path under which a proxy serves the
                                // service.
                                Url = ".",
                                Description = "The server of this document.",
                            }
                        );
                    };
                });
                docs.UseSwaggerUi(settings =>
                {
                    settings.Path = PagePath;
                    settings.DocumentPath = DocumentPath;
                });
            }
        );

    // The pages trust the caller about where the service is, and cache what the first caller said for all later ones.
    private static Task ForgetWhereAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        request.Host = new HostString("localhost");
        request.Headers.Remove("X-Forwarded-Host");
        request.Headers.Remove("X-Forwarded-Proto");
        request.Headers.Remove("X-Forwarded-Prefix");
        return next(context);
    }

    // The document middleware would answer any method.
    private static Task RefuseOtherMethodsAsync(HttpContext context, RequestDelegate next)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        context.Response.Headers.Allow = HttpMethods.Get;
        return Task.CompletedTask;
    }

    /// <summary>
    /// Documents for each operation whether it requires a key, and with which scope, by the rule of <see
    /// cref="ApiKeyFilter"/>.
    /// </summary>
    private sealed class ApiKeyProcessor : IOperationProcessor
    {
        public bool Process(OperationProcessorContext context)
        {
            var action = ((AspNetCoreOperationProcessorContext)context)
                .ApiDescription
                .ActionDescriptor;
            var operation = context.OperationDescription.Operation;
            if (action.EndpointMetadata.OfType<IAllowAnonymous>().Any())
            {
                // Written as extension data: NSwag omits an empty list, which would mean that the requirement is unknown.
                (operation.ExtensionData ??= new Dictionary<string, object?>())["security"] =
                    Array.Empty<object>();
            }
            else
            {
                (operation.Security ??= []).Add(new OpenApiSecurityRequirement { [Scheme] = [] });
                var required = action
                    .EndpointMetadata.OfType<RequiresScopeAttribute>()
                    .LastOrDefault();
                var names = string.Join("` or `", required?.Scopes.ToNames() ?? ["admin"]);
                var others = string.Join("` or `", required?.And.ToNames() ?? []);
                var scope = others.Length == 0 ? $"`{names}`" : $"`{names}` and `{others}`";
                operation.Description = $"{operation.Description}\n\nScope: {scope}".Trim();
            }

            return true;
        }
    }
}
