using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.FileProviders;
using NSwag;
using NSwag.Generation.AspNetCore;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Hosting;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Docs;

/// <summary>The OpenAPI document at <c>/openapi.json</c> and the Swagger UI at <c>/docs</c>.</summary>
internal static class OpenApiDocs
{
    private const string DocumentPath = "/openapi.json";
    private const string PagePath = "/docs";
    private const string Scheme = "ApiKey";

    private const string Description =
        "May this user do this now? Register, say how much each role may do on each route, and ask POST /check.";

    private static readonly (string Name, string Description)[] Tags =
    [
        ("Checks", "The question that the service is there for."),
        ("Gateway", "The same question, as gateways ask it before they let a request pass."),
        ("Usage", "What a user has used, and how to give it back."),
        (
            "Policies",
            "How much each role may do on each route: one by one, as code, and as they were before."
        ),
        ("Keys", "The API keys of a client. A key is shown once, when it is made."),
        ("Clients", "Getting an API key, and deleting all that it stands for."),
        ("Logs", "What was decided."),
        ("Analytics", "How many checks there were, and how they were decided."),
        ("Audit", "Who changed what: policies, keys, and the client itself."),
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
                    Description = "The key that POST /register gave.",
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
        // Orval writes code in this order, and uses an enumeration where something may be one or null.
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
        document.Info.Contact = new OpenApiContact { Name = "Whoever runs this service" };
        foreach (var (name, description) in Tags)
        {
            document.Tags.Add(new OpenApiTag { Name = name, Description = description });
        }
    }

    /// <summary>In a branch of their own, so that no other request goes through them.</summary>
    public static void UseDocs(this WebApplication app) =>
        app.UseWhen(
            context =>
                context.Request.Path.StartsWithSegments(PagePath)
                || context.Request.Path == DocumentPath,
            docs =>
            {
                docs.Use(RefuseOtherMethodsAsync);
                docs.UsePageHeaders(PageHeaders.OfDocs, "no-referrer");
                // In the place of NSwag's page, which holds a script, and shows any document that its address names.
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
                    // NSwag names the host that was asked for.
                    settings.PostProcess = (document, _) =>
                    {
                        document.Servers.Clear();
                        document.Servers.Add(
                            new OpenApiServer
                            {
                                // Below whatever path a proxy has put the service, as seen from the document.
                                Url = ".",
                                Description = "Where this document comes from.",
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

    // The pages believe whoever says where the service is, and keep what the first one said for all who come after.
    private static Task ForgetWhereAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        request.Host = new HostString("localhost");
        request.Headers.Remove("X-Forwarded-Host");
        request.Headers.Remove("X-Forwarded-Proto");
        request.Headers.Remove("X-Forwarded-Prefix");
        return next(context);
    }

    // What serves documents would answer any method.
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
    /// Says of each operation whether it wants a key, and what for, by the rule of <see cref="ApiKeyFilter"/>.
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
                // As it is written: NSwag leaves out a list that is empty, which says that nobody knows.
                (operation.ExtensionData ??= new Dictionary<string, object?>())["security"] =
                    Array.Empty<object>();
            }
            else
            {
                (operation.Security ??= []).Add(new OpenApiSecurityRequirement { [Scheme] = [] });
                var required = action.EndpointMetadata.OfType<RequiresScopeAttribute>();
                var names = required.LastOrDefault()?.Scopes.ToNames() ?? ["admin"];
                operation.Description =
                    $"{operation.Description}\n\nScope: `{string.Join("` or `", names)}`".Trim();
            }

            return true;
        }
    }
}
